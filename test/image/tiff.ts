const tiffTags = 10

/** Makes an uncompressed TIFF of one page of gray 32-bit samples: float (sample format 3) or signed whole (2). */
export function floatTiff(width: number, height: number, values: number[], sampleFormat: 2 | 3 = 3): Buffer {
  return tiffPage(0, width, height, values, sampleFormat, 'II*\0')
}

function tiffPage(
  at: number,
  width: number,
  height: number,
  values: number[],
  format: number,
  head = '',
): Buffer {
  const samples = Buffer.from(Float32Array.from(values).buffer)
  const ifd = at + (head === '' ? 0 : 8)
  const dataAt = ifd + 2 + tiffTags * 12 + 4
  const tags = [
    [256, 4, width],
    [257, 4, height],
    [258, 3, 32],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, dataAt],
    [277, 3, 1],
    [278, 4, height],
    [279, 4, samples.length],
    [339, 3, format],
  ]
  const page = Buffer.alloc(dataAt - at)
  if (head !== '') {
    page.write(head, 0, 'latin1')
    page.writeUInt32LE(8, 4)
  }
  let to = ifd - at
  page.writeUInt16LE(tiffTags, to)
  to += 2
  for (const [tag, type, value] of tags) {
    page.writeUInt16LE(tag!, to)
    page.writeUInt16LE(type!, to + 2)
    page.writeUInt32LE(1, to + 4)
    page.writeUInt32LE(value!, to + 8)
    to += 12
  }
  return Buffer.concat([page, samples])
}

/** Joins two pages made by floatTiff into one file. The second is written again for its new position. */
export function joinTiffs(first: Buffer, second: Buffer): Buffer {
  const head = Buffer.from(first)
  head.writeUInt32LE(head.length, 8 + 2 + tiffTags * 12)
  const [width, height] = [second.readUInt32LE(8 + 2 + 8), second.readUInt32LE(8 + 2 + 12 + 8)]
  const samples = second.subarray(8 + 2 + tiffTags * 12 + 4)
  const values = Array.from({ length: width * height }, (_, i) => samples.readFloatLE(4 * i))
  return Buffer.concat([head, tiffPage(head.length, width, height, values, 3)])
}

/** Makes a gray TIFF of 8 or 16 bits: directories one after the other, each with extra fields, and subdirectories. */
export function tiffOf(pages: readonly Page[]): Buffer {
  const parts: Buffer[] = [Buffer.from('II*\0\x08\0\0\0', 'latin1')]
  let at = 8
  const write = (page: Page, isLast: boolean): void => {
    const { width, height, fields = [], subs = [], next, bits = 8, icc } = page
    const samples = Buffer.alloc((width * height * bits) / 8, page.level ?? 100)
    const own: [number, number, number][] = [
      [256, 4, width],
      [257, 4, height],
      [258, 3, bits],
      [259, 3, 1],
      [262, 3, 1],
      [277, 3, 1],
      [278, 4, height],
      [279, 4, samples.length],
      ...fields,
    ]
    const count = own.length + 1 + (subs.length > 0 ? 1 : 0) + (icc === undefined ? 0 : 1)
    const end = at + 2 + count * 12 + 4
    own.push([273, 4, end])
    const behind = end + samples.length
    if (icc !== undefined) own.push([34675, 7, behind])
    if (subs.length > 0) own.push([330, 4, behind + (icc?.length ?? 0)])
    const block = Buffer.alloc(end - at)
    block.writeUInt16LE(count, 0)
    own
      .sort(([a], [b]) => a - b)
      .forEach(([tag, type, value], i) => {
        block.writeUInt16LE(tag, 2 + 12 * i)
        block.writeUInt16LE(type, 4 + 12 * i)
        block.writeUInt32LE(tag === 34675 ? icc!.length : 1, 6 + 12 * i)
        block.writeUInt32LE(value, 10 + 12 * i)
      })
    parts.push(block, samples, Buffer.from(icc ?? []))
    at = behind + (icc?.length ?? 0)
    for (const sub of subs) write(sub, true)
    block.writeUInt32LE(next ?? (isLast ? 0 : at), block.length - 4)
  }
  pages.forEach((page, i) => {
    write(page, i === pages.length - 1)
  })
  return Buffer.concat(parts)
}

/** A page of `tiffOf`. */
export type Page = {
  width: number
  height: number
  level?: number
  bits?: 8 | 16
  icc?: Uint8Array
  fields?: [tag: number, type: number, value: number][]
  subs?: Page[]
  next?: number
}
