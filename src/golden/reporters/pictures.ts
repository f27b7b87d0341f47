import { deflateSync } from 'node:zlib'
import { ConvoError } from '../../error.ts'
import { bytesOf } from '../../image/compare/pair.ts'
import { type Stretch, stretchOf } from '../../image/compare/render.ts'
import { encode } from '../../image/encode.ts'
import { isPlainPng } from '../../image/png-head.ts'
import { probe } from '../../image/probe.ts'
import type { Picture } from '../../tensor/picture.ts'
import { loadPages, pictureUnder } from '../files.ts'
import type { CaseResult, Run } from '../results.ts'

/** Reads the bytes of a picture of the run. */
export type Bring = (file: string, one: CaseResult) => Promise<Uint8Array | undefined>

/** Returns the pictures of a case for the page, without those that cannot be decoded. */
export async function picturesOf(one: CaseResult, bring: Bring) {
  const load = async (file: string | undefined) =>
    file === undefined ? undefined : pageOf(await bring(file, one), file, one)
  const files = [one.expected, one.actual, one.difference?.picture]
  const [expected, actual, difference] = await Promise.all(files.map(load))
  const pages = [expected, actual].flatMap((loaded) => loaded?.page ?? [])
  return {
    expected: expected && (await embeddable(expected)),
    actual: actual && (await embeddable(actual)),
    difference: difference && (await embeddable(difference)),
    ...(await stretchOfFloats(pages)),
  }
}

/** Returns the golden of a case that passes, if it still exists. */
export async function goldenOf(one: CaseResult, run: Run) {
  if (one.golden === undefined) return undefined
  const loaded = await pageOf(await pictureUnder(run.goldens, one.golden), one.golden, one)
  return (
    loaded && {
      bytes: await embeddable(loaded),
      ...(await stretchOfFloats(loaded.page ? [loaded.page] : [])),
    }
  )
}

/** The bytes of a PNG that is embedded as it is, or a decoded page. */
type Loaded = { readonly bytes: Uint8Array; readonly page?: Picture }

async function pageOf(
  bytes: Uint8Array | undefined,
  file: string,
  { page: about }: CaseResult,
): Promise<Loaded | undefined> {
  if (bytes === undefined) return undefined
  try {
    if (isPlainPng(probe(bytes, file).png)) return { bytes }
    const pages = await loadPages(bytes, file)
    const page = pages[(about?.number ?? 1) - 1]
    return page && { bytes, page }
  } catch (error) {
    if (error instanceof ConvoError) return undefined
    throw error
  }
}

async function embeddable({ bytes, page }: Loaded): Promise<Uint8Array> {
  if (page === undefined) return bytes
  return page.depth === 32 ? floats(page) : (await encode(page, 'png', { compression: 6 })).bytes
}

/** Encodes a picture of floats for the page, without loss. */
function floats({ width, height, channels, data }: Picture): Uint8Array {
  const head = Buffer.alloc(12)
  head.write('f32')
  head[3] = channels
  head.writeUInt32BE(width, 4)
  head.writeUInt32BE(height, 8)
  return Buffer.concat([head, deflateSync(bytesOf(data))])
}

const stretchOfFloats = async (pages: readonly Picture[]): Promise<{ stretch?: Stretch }> =>
  pages.some(({ depth }) => depth === 32) ? { stretch: await stretchOf(...pages) } : {}
