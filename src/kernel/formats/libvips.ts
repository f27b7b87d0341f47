import { ConvoError } from '../../error.ts'
import { optional } from '../../text/record.ts'
import { planeSize } from '../kernel.ts'
import type { KernelFormat } from './format.ts'
import {
  bytesOf,
  type Cursor,
  headText,
  type Line,
  numbers,
  numberText,
  openText,
  type Placed,
  rowsText,
} from './text.ts'

const gap = /[ \t]+/y

/**
 * The matrix files of libvips: `w h [scale [offset]]`, then h lines of w numbers. A convolution gives sum / scale +
 * offset. Nothing is flipped, and the anchor is floor(k/2). Four numbers are always written, because libvips 8.14
 * misreads a header of two before a row that begins with `1 0`. Here the header is the first line, with two to four
 * numbers.
 */
export const libvips: KernelFormat = {
  name: 'libvips matrix',
  summary: 'width, height, scale and offset on the first line, then the rows',
  direction: { turns: false, as: 'vips conv' },
  extensions: ['.mat'],
  example: '3 3 8 128\n-1 0 1\n-2 0 2\n-1 0 1\n',
  // Lines of equal length are a text matrix. A first line is a header only if it cannot be a row.
  sniff(head) {
    const lines = /^\s*(\d+)[ \t]+(\d+)((?:[ \t]+[^\s,;#:]+){0,2})[ \t]*\r?\n[ \t]*(\S[^\r\n]*)/.exec(
      headText(head),
    )
    if (lines === null) return false
    const [, width, height, more = '', row = ''] = lines
    const columns = row.trim().split(/[ \t]+/).length
    const header = 2 + (more.trim() === '' ? 0 : more.trim().split(/[ \t]+/).length)
    return Number(height) > 0 && columns === Number(width) && columns !== header
  },
  read(bytes, file) {
    if (headText(bytes.subarray(0, 6)) === 'MATLAB') {
      throw new ConvoError('E_KERNEL_FORMAT', `${file} is a MATLAB file, which convo does not read`, {
        why: `${file}: byte 0: expected the text of a libvips matrix, found "MATLAB"`,
        fix: "writematrix(kernel, 'kernel.csv')",
      })
    }
    const c = openText(bytes, file, 'a libvips matrix')
    const [first, ...rows] = c.lines(false)
    const { width, height, scale, offset } = readHeader(c, first!)
    const weights = rows.slice(0, height).flatMap((line, y) => readRow(c, line, width, y))
    if (rows.length !== height) {
      const at = rows[height]?.at ?? c.text.length
      const message = `kernel size must match the weights, got ${rows.length} rows for ${width}x${height}`
      const why = `expected ${rows.length < height ? `row ${rows.length + 1} of ${height}` : `the end after ${height} rows`}`
      const found = rows.length < height ? 'the end of the file' : 'another row'
      throw c.wrongShape(at, message, `${why}, found ${found}`)
    }
    return [c.kernel(first!.at, [height, width], weights, { scale, offset })]
  },
  kind: 'a libvips matrix',
  holds: ['scale', 'offset'],
  write(k) {
    const [kH, kW] = planeSize(k.shape)
    const header = [kW, kH, k.scale, k.offset].map(numberText).join(' ')
    return bytesOf(`${[header, ...rowsText(k.weights, kW, ' ')].join('\n')}\n`)
  },
}

function readNumbers(c: Cursor, { text, at }: Line, one?: string): Placed[] {
  c.at = at
  return c.takeNumbers(at + text.length, {
    gap,
    sign: 'a blank or the end of the line',
    ...optional('one', one),
  })
}

function readHeader(c: Cursor, line: Line): { width: number; height: number; scale: number; offset: number } {
  const header = readNumbers(c, line, 'a number: width, height and optionally scale and offset')
  const [width, height, scale, offset] = header
  if (width === undefined || height === undefined || header.length > 4) {
    throw c.expected('width, height and optionally scale and offset', {
      at: line.at,
      found: numbers(header.length),
    })
  }
  const [w, h] = c.wholeSizes('width and height must be whole numbers', [width, height])
  const divisor = scale === undefined ? 1 : c.scale(scale)
  return { width: w!, height: h!, scale: divisor, offset: offset?.value ?? 0 }
}

function readRow(c: Cursor, line: Line, width: number, y: number): number[] {
  const row = readNumbers(c, line)
  if (row.length === width) return row.map(({ value }) => value)
  const message = `kernel size must match the weights, got ${numbers(row.length)} in row ${y + 1} for a width of ${width}`
  const why = `expected ${numbers(width)}, found ${row.length}`
  throw c.wrongShape(row[width]?.at ?? line.at + line.text.length, message, why)
}
