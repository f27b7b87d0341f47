import { extname } from 'node:path'
import { ConvoError } from '../../error.ts'
import { isUtf16, utf16Fix } from '../../files/read.ts'
import { turned } from '../analyse.ts'
import type { Kernel } from '../kernel.ts'
import { csv } from './csv.ts'
import { ffmpeg } from './ffmpeg.ts'
import { headBytes, type KernelFormat, lossesOf, pick } from './format.ts'
import { gmic } from './gmic.ts'
import { imagemagick } from './imagemagick.ts'
import { json } from './json.ts'
import { libvips } from './libvips.ts'
import { npy } from './npy.ts'
import { opencv } from './opencv.ts'
import { safetensors } from './safetensors.ts'
import { svg } from './svg.ts'

/**
 * The formats of kernel files by name. Content is tested in this order, from specific to general:
 *
 * - npy and safetensors begin with bytes that do not occur in text;
 * - opencv is XML, YAML or JSON that contains its name; svg and json are everything else that begins with `<`, or `{`
 *   and `[`;
 * - `(` means gmic, a geometry and one colon imagemagick, and other colons or `|` ffmpeg;
 * - libvips has a first line that cannot be a row: it states the length of the row below it and has another length
 *   itself;
 * - csv is everything else that begins with a number. So lines of equal length are rows even if the first could be the
 *   header of a .mat file (`2 1` above `5 6`). Numbers on one line are one row, although ImageMagick and FFmpeg would
 *   make nine of them a square; for a square, write `3x3:` before them.
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
 * Finds the format of a kernel file: by its extension, by content if formats share it, and by content alone if the
 * extension does not identify one (`.txt`, none, standard input).
 *
 * @throws ConvoError E_KERNEL_FORMAT, E_KERNEL_SYNTAX for an empty file
 */
export function formatOf(file: string, bytes: Uint8Array): KernelFormat {
  const extension = /\.[a-z0-9]+$/.exec(file.toLowerCase())?.[0]
  const all = Object.values(formats)
  const head = bytes.subarray(0, headBytes)
  const named = all.filter(({ extensions }) => extension !== undefined && extensions.includes(extension))
  const found = (named.length > 0 ? named : all).find((format) => format.sniff(head)) ?? named.at(-1)
  // the header length of safetensors may begin with the same bytes
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

/** Explains how to unpack a compressed file, such as .npz or the .xml.gz of OpenCV. */
function packed(head: Uint8Array): string | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gunzip it first'
  const isZip = head[0] === 0x50 && head[1] === 0x4b
  return isZip ? 'unzip it first: an .npz is a zip archive of .npy files' : undefined
}

/**
 * Reads the kernels of a file: finds its format, reads it, picks the kernel that `fragment` names, and turns it by 180°
 * if the tool of the format does.
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

/**
 * Encodes a kernel in the format of the extension of `path`, turned by 180° if the tool of the format turns it back.
 *
 * @throws ConvoError E_KERNEL_FORMAT for an extension that cannot be written, or a kernel that the format cannot hold
 */
export function writeKernel(kernel: Kernel, path: string): Uint8Array {
  const extension = extname(path).toLowerCase()
  const asJson = [path, `${path.slice(0, path.length - extension.length)}.json`] as const
  const format = writtenAs(path)
  if (format?.write !== undefined) {
    const written = format.direction.turns ? turned(kernel) : kernel
    const losses = lossesOf(written, format.holds ?? [])
    if (losses.length === 0) return format.write(written)
    throw new ConvoError('E_KERNEL_FORMAT', `${format.kind} cannot store ${losses.join(', nor ')}`, {
      why: '.json stores everything',
      instead: asJson,
    })
  }
  const writable = Object.values(formats).filter(({ write }) => write !== undefined)
  const known = writable.flatMap(({ extensions }) => extensions)
  throw new ConvoError(
    'E_KERNEL_FORMAT',
    format === undefined
      ? `${path} must end in the extension of a kernel format, got ${extension === '' ? 'none' : `"${extension}"`}`
      : `kernels cannot be written as ${format.name}`,
    { why: `supported: ${known.join(' ')} .txt`, instead: asJson },
  )
}

/** The format of the extension of a path. If several share it, one that can be written. */
export function writtenAs(path: string): KernelFormat | undefined {
  const extension = extname(path).toLowerCase()
  if (extension === '.txt') return formats.imagemagick
  const named = Object.values(formats).filter(({ extensions }) => extensions.includes(extension))
  return named.find(({ write }) => write !== undefined) ?? named[0]
}
