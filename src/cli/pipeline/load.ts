import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConvoError } from '../../error.ts'
import { type Decoded, decode, decodePages, readHeader } from '../../image/codec.ts'
import type { FullScale } from '../../operators/operator.ts'
import { hasAlpha, type PictureMeta } from '../../tensor/picture.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { loadPicture, loadTensor, type Opened } from '../input.ts'
import type { Settings } from '../settings.ts'
import type { Task } from './job.ts'
import { type Data, dataOf } from './state.ts'

/** A decoded input. */
export type LoadedData = {
  readonly data: Data
  readonly meta: PictureMeta
  readonly notes: readonly string[]
}

/** Decodes the input of a job: a picture, the tensor of a .npy file, or where the job wants one a volume. */
export async function loadData(opened: Opened, task: Task): Promise<LoadedData> {
  if (opened.probe.kind === 'npy') {
    return { data: dataOf(await loadTensor(opened), 255), meta: {}, notes: [] }
  }
  const { settings } = task
  if (task.isVolume) return { ...(await loadVolume(pagesOf(opened, settings), opened.path)), meta: {} }
  const limits = limitsOf(settings)
  const { picture, meta, notes } = await loadPicture(opened, {
    ...limits,
    dropAlpha: settings.alpha === 'drop',
  })
  return {
    data: { kind: 'picture', picture },
    meta,
    notes: [...notes, ...(await pageNote(opened, settings))],
  }
}

const limitsOf = (settings: Settings) => ({
  maxPixels: settings['max-pixels'],
  orient: !settings['no-orient'],
})

/** Tells that of several pages only the first is used. */
async function pageNote(opened: Opened, settings: Settings): Promise<string[]> {
  const { kind } = opened.probe
  if (kind !== 'gif' && kind !== 'webp' && kind !== 'tiff') return []
  const { pages } = await readHeader(opened.source, { ...limitsOf(settings), name: opened.path })
  return pages === 1
    ? []
    : [`${opened.path} has ${pages} pages, and the first was used; conv3d takes them all`]
}

/** True for a folder, whose pictures are the slices of a volume. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** The slices of a volume in a folder: its pictures in the order of their names, numbers counting as numbers. */
export function slicePaths(folder: string): string[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && /\.(png|jpe?g|webp|tiff?|gif|avif)$/i.test(entry.name))
    .map((entry) => entry.name)
    .sort(new Intl.Collator('en', { numeric: true }).compare)
  if (names.length === 0) {
    throw new ConvoError('E_INPUT', `${folder} holds no pictures`, {
      why: `${folder}: files ending in .png, .tif and such are slices`,
    })
  }
  return names.map((name) => join(folder, name))
}

/** Decodes the slices of a folder, one after the other. */
export async function* folderPages(folder: string, settings: Settings): AsyncGenerator<Decoded> {
  for (const path of slicePaths(folder)) yield await decode(path, limitsOf(settings))
}

const pagesOf = (opened: Opened, settings: Settings): AsyncGenerator<Decoded> =>
  decodePages(opened.source, { ...limitsOf(settings), name: opened.path })

/**
 * A volume [C,D,H,W] from pages of one size; alpha is left out.
 *
 * @throws ConvoError E_SHAPE when the pages differ
 */
export async function loadVolume(
  pages: AsyncIterable<Decoded>,
  path: string,
): Promise<{ data: Data; notes: readonly string[] }> {
  const slices: Decoded[] = []
  for await (const page of pages) {
    const first = slices[0]
    const differs =
      first !== undefined &&
      (['width', 'height', 'channels', 'depth'] as const).find((k) => page[k] !== first[k])
    if (first !== undefined && differs) {
      throw new ConvoError(
        'E_SHAPE',
        `slices of a volume must be alike: slice ${slices.length} of ${path} has ${differs} ${page[differs]}, slice 0 has ${first[differs]}`,
      )
    }
    slices.push(page)
  }
  const { width, height, channels, depth, notes } = slices[0]!
  const colours = hasAlpha(channels) ? channels - 1 : channels
  const plane = width * height
  const data = new Float32Array(colours * slices.length * plane)
  slices.forEach((slice, z) => {
    for (let c = 0; c < colours; c++) {
      const to = (c * slices.length + z) * plane
      for (let i = 0; i < plane; i++) data[to + i] = slice.data[i * channels + c]!
    }
  })
  const full: FullScale = depth === 16 ? 65535 : 255
  const tensor = new Tensor([colours, slices.length, height, width], data)
  const left = colours === channels ? [] : ['transparency was left out of the volume']
  return { data: { kind: 'tensor', tensor, full }, notes: [...notes, ...left] }
}
