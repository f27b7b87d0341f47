import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { ConvoError } from '../error.ts'
import { isSameFile, isStreamPath } from '../files/output.ts'
import { isFile } from '../files/root.ts'
import { extensionOf } from '../image/format.ts'

/**
 * Checks a file that an output is about to replace. A file that convo made may be replaced, since the same command
 * makes it again. A picture that a shell pattern may have named, as in `convo sobel *.png` with two matches, is not
 * replaced without --force.
 *
 * @returns a note if the replaced picture may not be from convo
 * @throws ConvoError E_EXISTS
 */
export function checkReplaced(input: string, output: string, command: string): string | undefined {
  if (input === '-' || isStreamPath(output) || !isFile(output) || isSameFile(input, output)) return undefined
  if (isOwnPng(output)) return undefined
  // arrays are usually results, and do not show which program made them
  const isArray = extensionOf(output) === '.npy'
  if (!isPairOfPattern(input, output))
    return isArray ? undefined : `${output} already existed and was replaced`
  const pattern = join(dirname(input), `*${extname(input)}`)
  throw new ConvoError('E_EXISTS', `${output} already exists, and convo did not make it`, {
    why: [
      `${input} and ${output} are exactly what a pattern such as *${extname(output)} expands to: are both of them inputs?`,
      `for many pictures: convo batch '${pattern}' -o 'out/{stem}${extname(output)}' -- ${command}`,
    ],
    fix: '--force',
  })
}

const trailer = Buffer.from('\0\0\0\0IEND\xae\x42\x60\x82', 'latin1')

/**
 * Whether a file ends like the PNGs that convo encodes: with a last IDAT chunk that holds only the four bytes of the
 * checksum. No other encoder is known to write this.
 */
function isOwnPng(path: string): boolean {
  const descriptor = openSync(path, 'r')
  try {
    const end = Buffer.alloc(28)
    const { size } = statSync(path)
    if (size < end.length || readSync(descriptor, end, 0, end.length, size - end.length) < end.length)
      return false
    return (
      end.readUInt32BE(0) === 4 && end.toString('latin1', 4, 8) === 'IDAT' && end.subarray(16).equals(trailer)
    )
  } finally {
    closeSync(descriptor)
  }
}

/** Whether a shell pattern could name these two files of a folder and no others, in this order. */
function isPairOfPattern(input: string, output: string): boolean {
  const [a, b] = [basename(input), basename(output)]
  if (resolve(dirname(input)) !== resolve(dirname(output)) || extname(a) !== extname(b)) return false
  // shells sort by locale or by code
  if (a > b && a.localeCompare(b) > 0) return false
  const start = sharedStart(a, b)
  const end = [...sharedStart(reversed(a.slice(start.length)), reversed(b.slice(start.length)))]
    .reverse()
    .join('')
  const named = readdirSync(dirname(input)).filter(
    (name) =>
      name.length >= start.length + end.length &&
      name.startsWith(start) &&
      name.endsWith(end) &&
      // a star at the beginning does not match hidden files
      (start !== '' || !name.startsWith('.')),
  )
  return named.length === 2
}

const reversed = (text: string): string => [...text].reverse().join('')

function sharedStart(a: string, b: string): string {
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  return a.slice(0, i)
}
