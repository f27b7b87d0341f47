import { counted } from '../../error.ts'

/** The number of arguments of methods that do not take exactly one, and what to write instead of more. */
export type Takes = Readonly<Record<string, readonly [most: number, fix?: string]>>

/** The methods of a chain that do not take exactly one argument. */
export const ofChain: Takes = {
  net: [2],
  toFile: [2],
  toBuffer: [0, "as('webp').toBuffer() for another format, raw() for samples with their size"],
  toStream: [0, "as('webp').toStream() for another format"],
  toTensor: [0],
  toSharp: [0],
  raw: [0, 'convo(input, { depth: 16 }) for the depth, toTensor() for floats'],
  plan: [0],
}

/** Makes the methods of a prototype refuse arguments that they would otherwise ignore, with E_ARGUMENT. */
export function refuseMore(prototype: object, takes: Takes): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor' || typeof value !== 'function') continue
    const [most, fix = most === 1 ? 'one object with all options' : undefined] = takes[name] ?? [1]
    Object.defineProperty(prototype, name, { value: counted(name, most, value, fix) })
  }
}
