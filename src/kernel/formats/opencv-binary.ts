import { viewOf } from '../../files/read.ts'
import { numberTypes } from './binary.ts'
import { type Cursor, numbers } from './text.ts'
import type { Span } from './xml.ts'

// Data that FileStorage writes with the flag BASE64: the type as 24 bytes of text, then the numbers, low byte first.

const headerBytes = 24

/**
 * Reads the numbers of a matrix in Base64.
 *
 * @param dt the type that the matrix states, one letter
 * @param name NumPy's name of the type
 * @throws ConvoError E_KERNEL_SYNTAX for text that is not Base64 or states another type, E_KERNEL_SHAPE for another
 *   count
 */
export function readBinary(
  c: Cursor,
  span: Span,
  [dt, name]: readonly [string, string],
  count: number,
): number[] {
  const bytes = decodeBase64(c, span)
  const at = span.at + Math.max(0, c.text.slice(span.at, span.end).search(/\S/))
  const stated = new TextDecoder('latin1').decode(bytes.subarray(0, headerBytes)).trim()
  if (!/^\d*[a-z]$/.test(stated) || stated.at(-1) !== dt) {
    throw c.expected(`binary data of the type ${dt}, as dt says`, {
      at,
      found: JSON.stringify(stated.slice(0, 24)),
    })
  }
  const type = numberTypes[name]!
  const found = (bytes.length - headerBytes) / type.bytes
  if (found !== count) {
    const message = `kernel size must match the weights, got ${bytes.length - headerBytes} bytes for ${numbers(count)}`
    const why = `expected ${count} x ${type.bytes} bytes, found ${bytes.length - headerBytes}`
    throw c.wrongShape(at, message, why)
  }
  const view = viewOf(bytes)
  return Array.from({ length: count }, (_, i) => type.read(view, headerBytes + i * type.bytes, true))
}

function decodeBase64(c: Cursor, { at, end }: Span): Uint8Array {
  const text = c.text.slice(at, end)
  const odd = text.search(/[^A-Za-z0-9+/=\s]/)
  if (odd !== -1) throw c.expected('Base64', { at: at + odd })
  const digits = text.replace(/\s/g, '')
  if (digits.length % 4 !== 0 || /=[^=]|={3}/.test(digits)) {
    throw c.expected('Base64 in groups of four', { at, found: `${digits.length} characters` })
  }
  return Buffer.from(digits, 'base64')
}
