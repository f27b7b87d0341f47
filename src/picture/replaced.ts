import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { ConvoError } from '../error.ts'
import { isSameFile, isStreamPath } from '../files/output.ts'
import { isFile } from '../files/stat.ts'
import { extensionOf } from '../image/format.ts'

/**
 * Looks at a file that an output is about to replace. What convo made may go: it is made again from the same command. A
 * picture that a pattern of the shell may have named, as `convo sobel *.png` where there are two, is not replaced unless
 * that is asked for.
 *
 * @returns a note on a picture that goes and that convo is not known to have made
 * @throws ConvoError E_EXISTS
 */
export function checkReplaced(input: string, output: string, command: string): string | undefined {
  if (input === '-' || isStreamPath(output) || !isFile(output) || isSameFile(input, output)) return undefined
  if (isOwnPng(output)) return undefined
  // arrays are results more often than not, and do not show who made them
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
 * Whether a file ends as the PNGs that convo encodes: a last IDAT chunk with nothing but the checksum of four bytes,
 * which no other encoder is known to write.
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

/** Whether a pattern exists that names these two files of a folder and no other, in this order. */
function isPairOfPattern(input: string, output: string): boolean {
  const [a, b] = [basename(input), basename(output)]
  if (resolve(dirname(input)) !== resolve(dirname(output)) || extname(a) !== extname(b)) return false
  // shells sort by the locale or by code
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
      // a star at the beginning omits hidden files
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
