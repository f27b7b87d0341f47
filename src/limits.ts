import { ConvoError, type ErrorCode } from './error.ts'

type Limit = {
  /** The largest value that is accepted. */
  readonly most: number
  /** What is counted, in the plural: `bytes`, `frames`. */
  readonly unit: string
  /** The option that raises the limit, where there is one. */
  readonly option?: string
  readonly code: ErrorCode
}

/**
 * What is counted before memory or time is spent on it. A row is a limit; an error over it names what was counted, the
 * limit and the option, where one raises it.
 */
export const limits = {
  /** An encoded picture, from a file, a pipe or a device. */
  encodedBytes: { most: 2 ** 31, unit: 'bytes', code: 'E_TOO_LARGE' },
  /** A kernel file. */
  kernelBytes: { most: 2 ** 28, unit: 'bytes', code: 'E_TOO_LARGE' },
  /** A manifest, lock, log or results file. */
  manifestBytes: { most: 2 ** 26, unit: 'bytes', code: 'E_TOO_LARGE' },
  /** A tensor that comes in or out: the samples of the memory that all threads share. */
  tensorSamples: { most: 2 ** 30, unit: 'samples', code: 'E_TOO_LARGE' },
  /** What a kernel reaches beyond an edge, or a padding adds to it. */
  padding: { most: 2 ** 24, unit: 'samples beyond an edge', code: 'E_TOO_LARGE' },
  /** Weights of a kernel that is made from numbers. */
  taps: { most: 2 ** 24, unit: 'weights', code: 'E_TOO_LARGE' },
  /** Places of the output between two samples of the input of a transposed convolution: each has taps of its own. */
  phases: { most: 2 ** 18, unit: 'output samples for each input sample', code: 'E_TOO_LARGE' },
} as const satisfies Record<string, Limit>

/** The name of a limit. */
export type LimitName = keyof typeof limits

/**
 * Refuses what is over a limit.
 *
 * @param subject the file or option that the number belongs to, for the message
 * @throws ConvoError with the code of the limit
 */
export function checkLimit(name: LimitName, count: number, subject: string): void {
  const { most, unit, option, code }: Limit = limits[name]
  if (count <= most) return
  throw new ConvoError(code, `${subject} has more ${unit} than allowed`, {
    why: `${subject}: ${count} ${unit}, the limit is ${most}`,
    ...(option !== undefined && { fix: `--${option} ${count}` }),
  })
}
