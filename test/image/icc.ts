/** A tag of an ICC profile. */
export type Tag = readonly [name: string, body: Buffer]

const be = (bytes: number, ...values: number[]): Buffer => {
  const out = Buffer.alloc(bytes * values.length)
  values.forEach((v, i) => {
    if (bytes === 2) out.writeUInt16BE(v, i * 2)
    else out.writeInt32BE(Math.round(v), i * 4)
  })
  return out
}
const typed = (type: string, ...parts: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from(type, 'latin1'), Buffer.alloc(4), ...parts])

/** Makes `curv`: without numbers for the identity, with one for a gamma, with more for a table of 0..65535. */
export const curv = (...values: number[]): Buffer =>
  typed('curv', be(4, values.length), be(2, ...(values.length === 1 ? [values[0]! * 256] : values)))

/** Makes `para` of a type, with its numbers g a b c d e f. */
export const para = (type: number, ...numbers: number[]): Buffer =>
  typed('para', be(2, type, 0), be(4, ...numbers.map((n) => n * 65536)))

const xyz = (...numbers: number[]): Buffer => typed('XYZ ', be(4, ...numbers.map((n) => n * 65536)))

/** Makes a profile with Adobe RGB's primaries, adapted to D50, and these curves for red, green and blue. */
export const rgbProfile = (red: Buffer, green = red, blue = red): Buffer =>
  profile('RGB ', [
    ['rXYZ', xyz(0.60974, 0.31111, 0.01947)],
    ['gXYZ', xyz(0.20528, 0.62567, 0.06087)],
    ['bXYZ', xyz(0.14919, 0.06322, 0.74457)],
    ['rTRC', red],
    ['gTRC', green],
    ['bTRC', blue],
  ])

/** Makes a profile for gray. */
export const grayProfile = (curve: Buffer): Buffer => profile('GRAY', [['kTRC', curve]])

/** Makes a profile of version 2 for a monitor, with a name, the white of D50 and these tags. */
export function profile(space: string, tags: readonly Tag[]): Buffer {
  const name = Buffer.from('made\0')
  const all: Tag[] = [
    ['desc', typed('desc', be(4, name.length), name, Buffer.alloc(78))],
    ['cprt', typed('text', Buffer.from('none\0'))],
    ['wtpt', xyz(0.9642, 1, 0.8249)],
    ...tags,
  ]
  const head = Buffer.alloc(128 + 4 + 12 * all.length)
  head.writeUInt32BE(0x02400000, 8)
  head.write('mntr', 12)
  head.write(space, 16)
  head.write('XYZ ', 20)
  head.write('acsp', 36)
  be(4, 0.9642 * 65536, 65536, 0.8249 * 65536).copy(head, 68)
  head.writeUInt32BE(all.length, 128)
  const bodies: Buffer[] = []
  let at = head.length
  all.forEach(([tag, body], i) => {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)])
    head.write(tag, 132 + 12 * i)
    head.writeUInt32BE(at, 136 + 12 * i)
    head.writeUInt32BE(body.length, 140 + 12 * i)
    bodies.push(padded)
    at += padded.length
  })
  head.writeUInt32BE(at, 0)
  return Buffer.concat([head, ...bodies])
}
