import { viewOf } from '../files/read.ts'
import type { Field } from '../tensor/metadata.ts'
import type { Line, Position } from '../tensor/picture.ts'

// The fields of a GeoTIFF (OGC GeoTIFF 1.1).

const [scaleTag, tieTag, matrixTag, keysTag] = [33550, 33922, 34264, 34735]
/** The fields that position pixels on a map: the size of a pixel, tie points, a matrix. */
const placing = [scaleTag, tieTag, matrixTag]

export const geoTags: readonly number[] = [...placing, keysTag, 34736, 34737]

/** Returns the fields without the position of the pixels on a map. */
export const unplaced = (geo: readonly Field[]): readonly Field[] =>
  geo.filter(({ tag }) => !placing.includes(tag))

/**
 * Returns the fields for pixels that are elsewhere on the picture. With a pixel size, tie points keep their pixels, which
 * some programs take to be 0,0. Undefined for a position that is not stated as GeoTIFF requires.
 */
export function placedAt(geo: readonly Field[], [rows, columns]: Position): readonly Field[] | undefined {
  if ([rows, columns].every(({ at, step }) => at === 0 && step === 1)) return geo
  const numbers = (tag: number, of: number): number[] | undefined => {
    const field = geo.find((one) => one.tag === tag)
    if (field === undefined) return []
    const isList = field.type === 12 && field.count > 0 && field.count % of === 0
    return isList ? doublesOf(field.bytes) : undefined
  }
  const [scale, ties, matrix] = [numbers(scaleTag, 3), numbers(tieTag, 6), numbers(matrixTag, 16)]
  if (scale === undefined || ties === undefined || matrix === undefined) return undefined
  const half = isPoint(geo) ? 0 : 0.5
  const [x, y] = [columns, rows].map(({ at, step }): Line => ({ at: at + half - half * step, step })) as [
    Line,
    Line,
  ]
  const [wide, high] = scale
  const doubles = new Map([
    [scaleTag, scale.map((size, i) => size * ([x, y][i]?.step ?? 1))],
    [
      tieTag,
      ties.map((number, i) => {
        const [axis, place] = [[x, y][i % 3], ties[i - (i % 6) + (i % 3)]!]
        if (axis === undefined) return number
        if (wide === undefined || high === undefined)
          return i % 6 < 3 ? (number - axis.at) / axis.step : number
        const far = axis.at + place * axis.step - place
        return i % 6 < 3 ? number : i % 6 === 3 ? number + far * wide : number - far * high
      }),
    ],
    [
      matrixTag,
      matrix.map((number, i) => {
        const row = i - (i % 4)
        if (i % 4 === 3) return number + matrix[row]! * x.at + matrix[row + 1]! * y.at
        return number * ([x, y][i % 4]?.step ?? 1)
      }),
    ],
  ])
  return geo.map((field) => {
    const list = doubles.get(field.tag)
    return list === undefined ? field : { ...field, bytes: bytesOfDoubles(list) }
  })
}

/** Whether a coordinate of a pixel is that of its middle (GTRasterTypeGeoKey). */
function isPoint(geo: readonly Field[]): boolean {
  const keys = geo.find(({ tag, type }) => tag === keysTag && type === 3)
  const view = viewOf(keys?.bytes ?? new Uint8Array())
  for (let at = 8; at + 8 <= view.byteLength; at += 8)
    if (view.getUint16(at, true) === 1025) return view.getUint16(at + 6, true) === 2
  return false
}

const doublesOf = (bytes: Uint8Array): number[] => [...new Float64Array(new Uint8Array(bytes).buffer)]

const bytesOfDoubles = (list: readonly number[]): Uint8Array => new Uint8Array(Float64Array.from(list).buffer)
