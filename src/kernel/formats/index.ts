import { ConvoError } from '../../error.ts'
import { isUtf16, utf16Fix } from '../../files/read.ts'
import { turned } from '../direction.ts'
import type { Kernel } from '../kernel.ts'
import { csv } from './csv.ts'
import { ffmpeg } from './ffmpeg.ts'
import { headBytes, type KernelFormat, pick } from './format.ts'
import { gmic } from './gmic.ts'
import { imagemagick } from './imagemagick.ts'
import { json } from './json.ts'
import { libvips } from './libvips.ts'
import { npy } from './npy.ts'
import { opencv } from './opencv.ts'
import { safetensors } from './safetensors.ts'
import { svg } from './svg.ts'

/**
 * The formats of kernel files by name, in the order in which content is tried, the narrower before the wider:
 *
 * - npy and safetensors begin with bytes that no text has;
 * - opencv names itself within what is XML, YAML or JSON; svg and json are the rest of `<` and of `{` `[`;
 * - `(` is gmic; a geometry and one colon imagemagick; other colons, and `|`, ffmpeg;
 * - libvips is a first line that no row could be: of another length than the row below it, whose length it says;
 * - csv is all else that begins with a number. So lines of one length are rows even where the first could be the header of
 *   a .mat file (`2 1` above `5 6`), and numbers on one line are one row, though ImageMagick and FFmpeg would make a
 *   square of nine: `3x3:` before them says that.
 */
export const formats: Readonly<Record<string, KernelFormat>> = {
  npy,
  safetensors,
  opencv,
  svg,
  json,
  gmic,
  imagemagick,
  ffmpeg,
  libvips,
  csv,
}

/**
 * The format of a kernel file: that of its extension, by content where formats share it, and by content alone where the
 * extension says nothing (`.txt`, none, standard input).
 *
 * @throws ConvoError E_KERNEL_FORMAT, E_KERNEL_SYNTAX for an empty file
 */
export function formatOf(file: string, bytes: Uint8Array): KernelFormat {
  const extension = /\.[a-z0-9]+$/.exec(file.toLowerCase())?.[0]
  const all = Object.values(formats)
  const head = bytes.subarray(0, headBytes)
  const named = all.filter(({ extensions }) => extension !== undefined && extensions.includes(extension))
  const found = (named.length > 0 ? named : all).find((format) => format.sniff(head)) ?? named.at(-1)
  // a length of safetensors may begin with the same bytes
  if (isUtf16(head) && found !== formats.safetensors) {
    throw new ConvoError('E_KERNEL_FORMAT', `${file} is text in UTF-16, not UTF-8`, { fix: utf16Fix(file) })
  }
  if (named.length === 1) return named[0]!
  if (found !== undefined) return found
  if (bytes.length === 0) {
    throw new ConvoError('E_KERNEL_SYNTAX', `${file} is empty`, {
      why: `${file}:1:1: expected a kernel, found an empty file`,
    })
  }
  throw new ConvoError('E_KERNEL_FORMAT', `${file} is not in a known kernel format`, {
    why: `formats: ${all.map(({ name }) => name).join(', ')}`,
    fix: packed(head) ?? 'rows of numbers, one row per line; convo list formats shows all formats',
  })
}

/** How to unpack a file that is packed, as .npz and the .xml.gz of OpenCV are. */
function packed(head: Uint8Array): string | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gunzip it first'
  const isZip = head[0] === 0x50 && head[1] === 0x4b
  return isZip ? 'unzip it first: an .npz is a zip archive of .npy files' : undefined
}

/**
 * The kernels of a file: its format found, read, the one that `fragment` names picked, and turned by 180° where the tool of
 * the format turns them.
 *
 * @throws ConvoError E_KERNEL_FORMAT, E_KERNEL_SYNTAX, E_KERNEL_SHAPE, E_KERNEL_VALUE, E_KERNEL_FILE
 */
export function readKernels(bytes: Uint8Array, file: string, fragment?: string): readonly Kernel[] {
  const format = formatOf(file, bytes)
  const kernels = format.read(bytes, file, fragment)
  const picked = format.picks === true ? kernels : pick(kernels, file, fragment)
  if (!format.direction.turns) return picked
  return picked.map((k) => ({ ...turned(k), direction: format.direction }))
}
