/** How an OpenEXR picture is stored. Samples are x + 10 y + 100 times the number of their channel. */
export type ExrShape = {
  readonly width: number
  readonly height: number
  /** names in the order of the file, with their types: 0 whole, 1 half, 2 float */
  readonly channels: readonly (readonly [name: string, type: 0 | 1 | 2])[]
  readonly tile?: readonly [width: number, height: number]
  readonly parts?: number
  readonly origin?: readonly [x: number, y: number]
  readonly display?: readonly [left: number, top: number, right: number, bottom: number]
  readonly sampling?: number
  readonly compression?: number
  /** chromaticities of red, green, blue and white */
  readonly primaries?: readonly number[]
  /** width of a pixel divided by its height */
  readonly aspect?: number
  readonly sample?: (x: number, y: number, channel: number) => number
}

/** Returns the 16 bits of a small number that half precision can represent. */
function halfBits(value: number): number {
  if (value === 0) return 0
  const exponent = Math.floor(Math.log2(Math.abs(value)))
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((Math.abs(value) / 2 ** exponent - 1) * 1024)
}

/** Makes an uncompressed OpenEXR picture. */
export function exrOf(shape: ExrShape): Buffer {
  const { width, height, channels, tile, parts = 1, origin = [0, 0], sampling = 1, compression = 0 } = shape
  const { sample = (x, y, c) => x + 10 * y + 100 * c } = shape
  const window = [...origin, origin[0] + width - 1, origin[1] + height - 1]
  const i32 = (...values: readonly number[]) => Buffer.from(Int32Array.from(values).buffer)
  const attribute = (name: string, type: string, value: Buffer) =>
    Buffer.concat([Buffer.from(`${name}\0${type}\0`), i32(value.length), value])
  const list = channels.map(([name, type]) =>
    Buffer.concat([Buffer.from(`${name}\0`), i32(type, 0, sampling, sampling)]),
  )
  const header = Buffer.concat([
    attribute('channels', 'chlist', Buffer.concat([...list, Buffer.alloc(1)])),
    attribute('compression', 'compression', Buffer.of(compression)),
    attribute('dataWindow', 'box2i', i32(...window)),
    attribute('displayWindow', 'box2i', i32(...(shape.display ?? window))),
    attribute('lineOrder', 'lineOrder', Buffer.alloc(1)),
    ...(tile === undefined
      ? []
      : [attribute('tiles', 'tiledesc', Buffer.concat([i32(...tile), Buffer.alloc(1)]))]),
    ...(shape.primaries === undefined
      ? []
      : [
          attribute(
            'chromaticities',
            'chromaticities',
            Buffer.from(Float32Array.from(shape.primaries).buffer),
          ),
        ]),
    ...(shape.aspect === undefined
      ? []
      : [attribute('pixelAspectRatio', 'float', Buffer.from(Float32Array.of(shape.aspect).buffer))]),
    ...(parts > 1 ? [attribute('type', 'string', Buffer.from(tile ? 'tiledimage' : 'scanlineimage'))] : []),
    Buffer.alloc(1),
  ])
  const [wide, high] = tile ?? [width, 1]
  const blocks: Buffer[] = []
  for (let y = 0; y < height; y += high) {
    for (let x = 0; x < width; x += wide) {
      const rows: Buffer[] = []
      for (let line = y; line < Math.min(y + high, height); line++) {
        channels.forEach(([, type], c) => {
          for (let column = x; column < Math.min(x + wide, width); column++) {
            const value = sample(column, line, c)
            const bytes = Buffer.alloc(type === 1 ? 2 : 4)
            if (type === 0) bytes.writeUInt32LE(value)
            else if (type === 1) bytes.writeUInt16LE(halfBits(value))
            else bytes.writeFloatLE(value)
            rows.push(bytes)
          }
        })
      }
      const data = Buffer.concat(rows)
      const place = tile === undefined ? [origin[1] + y] : [x / wide, y / high, 0, 0]
      blocks.push(Buffer.concat([...(parts > 1 ? [i32(0)] : []), i32(...place, data.length), data]))
    }
  }
  const head = Buffer.concat([
    i32(20000630, 2 | (tile !== undefined && parts === 1 ? 0x200 : 0) | (parts > 1 ? 0x1000 : 0)),
    ...Array<Buffer>(parts).fill(header),
    ...(parts > 1 ? [Buffer.alloc(1)] : []),
  ])
  let at = head.length + blocks.length * 8 * parts
  const table = blocks.map((block) => {
    const place = Buffer.alloc(8)
    place.writeBigUInt64LE(BigInt(at))
    at += block.length
    return place
  })
  return Buffer.concat([head, ...Array<Buffer[]>(parts).fill(table).flat(), ...blocks])
}
