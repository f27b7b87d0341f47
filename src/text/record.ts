/** True for an object with string keys. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A property, omitted where it has no value. */
export const optional = <K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: T }

/** The record without what is undefined. */
export const defined = <T extends Record<string, unknown>>(
  record: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as never

/** The part of a record whose names a table has. */
export const pick = (record: Readonly<Record<string, unknown>>, table: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => Object.hasOwn(table, name)))
