export { type FileJournalOptions, fileJournal } from "./file-journal.ts";
export * from "./portable.ts";
