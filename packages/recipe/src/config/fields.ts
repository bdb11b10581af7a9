// Field types that the sections of the schema share.
import { z } from "zod";

/** What a size of memory looks like: a number and its unit. */
export const sizePattern: RegExp = /^(\d{1,6}(?:\.\d{1,3})?) ?(KB|MB|GB|KiB|MiB|GiB)$/;

/** An integer of at least `minimum`. */
export function whole(minimum: number): z.ZodInt {
  return z.int().min(minimum);
}

/** A number above 0. */
export function positive(): z.ZodNumber {
  return z.number().positive();
}

/** A number above 0 and at most 1. */
export function fraction(): z.ZodNumber {
  return z.number().positive().max(1);
}

/** Null, which is the default, or a value. */
export function nullable<T extends z.ZodType>(inner: T): z.ZodDefault<z.ZodNullable<T>> {
  return z.nullable(inner).default(null as never);
}
