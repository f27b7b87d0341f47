// What the header of a JPEG XL says of its colours (ISO/IEC 18181-1). Bits are read from the lowest on.

type Choice = number | readonly [add: number, bits: number]

/** The codestream, without the boxes around it: the first `jxlc`, or `jxlp` behind its number. */
function codestreamOf(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] === 0xff) return bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at + 16 <= bytes.length; ) {
    const short = view.getUint32(at)
    const length = short === 1 ? Number(view.getBigUint64(at + 8)) : short
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    const start = at + (short === 1 ? 16 : 8)
    if (kind === 'jxlc') return bytes.subarray(start)
    if (kind === 'jxlp') return bytes.subarray(start + 4)
    if (length < 8) return undefined
    at += length
  }
  return undefined
}

/** Whether the colours of a JPEG XL are gray; false for a header that is damaged or cut off. */
export function isGrayJxl(file: Uint8Array): boolean {
  const bytes = codestreamOf(file)
  if (bytes === undefined) return false
  let at = 16
  const u = (count: number): number => {
    let value = 0
    for (let i = 0; i < count; i++, at++) value += (((bytes[at >>> 3] ?? 0) >>> (at & 7)) & 1) * 2 ** i
    return value
  }
  const bool = () => u(1) === 1
  /** One of four numbers, each plain or with bits to add. */
  const pick = (...choices: readonly [Choice, Choice, Choice, Choice]): number => {
    const one = choices[u(2)]!
    return typeof one === 'number' ? one : one[0] + u(one[1])
  }
  const word = () => pick(0, 1, [2, 4], [18, 6])
  const size = () => {
    const isSmall = bool()
    const side = () => (isSmall ? u(5) : pick([1, 9], [1, 13], [1, 18], [1, 30]))
    side()
    if (u(3) === 0) side()
  }
  const preview = () => {
    const isSmall = bool()
    const side = () =>
      isSmall ? pick(16, 32, [1, 5], [33, 9]) : pick([1, 6], [65, 8], [321, 10], [1345, 12])
    side()
    if (u(3) === 0) side()
  }
  const animation = () => {
    pick(100, 1000, [1, 10], [1, 30])
    pick(1, 1001, [1, 8], [1, 10])
    pick(0, [0, 3], [0, 16], [0, 32])
    bool()
  }
  const depth = () => {
    if (!bool()) return pick(8, 10, 12, [1, 6])
    pick(32, 16, 24, [1, 6])
    return u(4)
  }
  const extraChannel = () => {
    if (bool()) return
    const kind = word()
    depth()
    pick(0, 3, 4, [1, 3])
    at += 8 * pick(0, [0, 4], [16, 5], [48, 10])
    if (kind === 0) bool()
    else if (kind === 2) at += 64
    else if (kind === 5) pick(1, [0, 2], [3, 4], [19, 8])
  }
  size()
  if (bool()) return false
  if (bool()) {
    u(3)
    for (const part of [size, preview, animation]) if (bool()) part()
  }
  depth()
  bool()
  for (let left = pick(0, 1, [2, 4], [1, 12]); left > 0; left--) extraChannel()
  bool()
  // colours of all defaults are sRGB; behind them is whether an ICC profile follows
  if (bool()) return false
  bool()
  return word() === 1 && at <= bytes.length * 8
}
