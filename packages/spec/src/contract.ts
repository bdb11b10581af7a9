/** What every value that a plugin offers has in common; the version lets old plugins be recognised later. */
export interface Contract<Kind extends string> {
  /** Which contract it implements, for example `tokenizer` or `adapter-method`. */
  readonly kind: Kind;
  /** Version of that contract. */
  readonly specificationVersion: 1;
  /** Name by which a recipe or a command asks for it. */
  readonly id: string;
}
