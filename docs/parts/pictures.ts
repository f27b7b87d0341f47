import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { digestOf as digestOfPicture } from '../../src/image/digest.ts'
import { type Exhibit, wordsOf } from './gallery.ts'

/** RGB pixels of 8 bits, [y][x][channel]. */
export type Pixels = { readonly width: number; readonly height: number; readonly data: Uint8Array }

export const root = fileURLToPath(new URL('../../', import.meta.url))
const launcher = join(root, 'bin/convo.js')

// Two parts and the gap are as wide as a column of text on the usual pages.
const [partWidth, partHeight, gap] = [400, 264, 8] as const

/** Runs convo where the samples are, with out.png in a folder of its own; the result is the path of out.png. */
function runConvo(command: string, folder: string): string {
  const output = join(folder, 'out.png')
  const words = wordsOf(command).map((word) => (word === 'out.png' ? output : word))
  const { status, stderr } = spawnSync(process.execPath, [launcher, ...words], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`convo ${command}: exit status ${status}\n${stderr}`)
  return output
}

/** The picture of an exhibit, computed again. */
export async function exhibit(one: Exhibit): Promise<Pixels> {
  const folder = await mkdtemp(join(tmpdir(), 'convo-docs-'))
  try {
    const output = await read(runConvo(one.command, folder))
    if (one.alone) return output
    const input = await read(
      join(root, wordsOf(one.command).find((word) => /^samples\/.*\.(png|jpg|tif)$/.test(word))!),
    )
    const [x, y] = one.at ?? [0, Math.floor((input.height - partHeight) / 2)]
    const grows = one.grows ?? 1
    const outputs = [output]
    for (const command of one.more ?? []) outputs.push(await read(runConvo(command, folder)))
    const shownWidth =
      one.more === undefined
        ? partWidth
        : (2 * partWidth + gap - one.more.length * gap - gap) / (outputs.length + 1)
    const [width, height] = [
      Math.min(Math.floor(shownWidth), (input.width - x) * grows),
      Math.min(partHeight, (input.height - y) * grows),
    ]
    return sideBySide(
      part(enlarge(input, grows), x * grows, y * grows, width, height),
      ...outputs.map((each) => part(each, x * grows, y * grows, width, height)),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Reads a picture as 8-bit RGB; what is transparent shows squares of two grays. */
export async function read(path: string): Promise<Pixels> {
  const { data, info } = await sharp(path)
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const rgb = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) {
    const ground = (((i % width) >> 3) + (Math.floor(i / width) >> 3)) % 2 === 0 ? 250 : 220
    const alpha = data[i * 4 + 3]!
    for (let c = 0; c < 3; c++) {
      rgb[i * 3 + c] = Math.floor((data[i * 4 + c]! * alpha + ground * (255 - alpha) + 127) / 255)
    }
  }
  return { width, height, data: rgb }
}

/** Every pixel as a square. */
function enlarge(picture: Pixels, times: number): Pixels {
  if (times === 1) return picture
  const [width, height] = [picture.width * times, picture.height * times]
  return drawn(width, height, (x, y) => pixel(picture, Math.floor(x / times), Math.floor(y / times)))
}

const part = (picture: Pixels, left: number, top: number, width: number, height: number): Pixels =>
  drawn(width, height, (x, y) => pixel(picture, left + x, top + y))

/** Parts of one size, with white between them. */
function sideBySide(first: Pixels, ...others: readonly Pixels[]): Pixels {
  const all = [first, ...others]
  const step = first.width + gap
  return drawn(all.length * step - gap, first.height, (x, y) =>
    x % step < first.width ? pixel(all[Math.floor(x / step)]!, x % step, y) : [255, 255, 255],
  )
}

type Rgb = readonly [r: number, g: number, b: number]

function pixel({ width, height, data }: Pixels, x: number, y: number): Rgb {
  if (x < 0 || y < 0 || x >= width || y >= height) throw new Error(`no pixel ${x},${y} in ${width}x${height}`)
  const i = (y * width + x) * 3
  return [data[i]!, data[i + 1]!, data[i + 2]!]
}

function drawn(width: number, height: number, colour: (x: number, y: number) => Rgb): Pixels {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) data.set(colour(x, y), i)
  }
  return { width, height, data }
}

/** The digest of the pixels, as `convo digest` prints it. */
export const digestOf = ({ width, height, data }: Pixels): Promise<string> =>
  digestOfPicture({ width, height, channels: 3, depth: 8, data, meta: {} })

/** The file of a picture. */
export function encode({ width, height, data }: Pixels): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .webp({ quality: 86, effort: 6, smartSubsample: true })
    .toBuffer()
}
