import { ConvoError } from '../../error.ts'

/** How many arguments methods of a chain take; the others take one, their options. */
const counts: Readonly<Record<string, number>> = {
  net: 2,
  toFile: 2,
  toBuffer: 0,
  toStream: 0,
  toTensor: 0,
  toSharp: 0,
  raw: 0,
  plan: 0,
}

/** Those of them that give no promise, which could be rejected. */
const throwing = ['net', 'toStream']

const fixes: Readonly<Record<string, string>> = {
  toBuffer: "as('webp').toBuffer() for another format, raw() for samples with their size",
  toStream: "as('webp').toStream() for another format",
  raw: 'convo(input, { depth: 16 }) for the depth, toTensor() for floats',
}

/** Has the methods of a prototype refuse arguments that they would ignore: E_ARGUMENT. */
export function refuseMore(prototype: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor') continue
    const most = counts[name] ?? 1
    Object.defineProperty(prototype, name, {
      value(...given: unknown[]) {
        if (given.length <= most) return value.apply(this, given)
        const takes = most === 0 ? 'no arguments' : most === 1 ? 'one argument' : 'two arguments'
        const error = new ConvoError('E_ARGUMENT', `${name} takes ${takes}, got ${given.length}`, {
          fix: fixes[name] ?? (most === 0 ? `${name}()` : 'one object with all options'),
        })
        if (!(name in counts) || throwing.includes(name)) throw error
        return Promise.reject(error)
      },
    })
  }
}
