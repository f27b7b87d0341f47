import { formatRows } from '../../src/image/format.ts'

/** docs/formats.md */
export function formatsPage(): string {
  const rows = formatRows()
  const head = Object.keys(rows[0]!)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    '# Formats of pictures\n',
    'What convo reads and writes. Where reading and writing differ, both are given. Depths are bits of a sample: fewer than 8',
    'bits are expanded to 8, and 9 to 15 bits to 16. `test/image/formats.test.ts` has a test for each cell.\n',
    line(head),
    line(head.map(() => '---')),
    ...rows.map((row) => line(Object.values(row))),
    '',
    'The only text in a JPEG is comments. `--metadata strip` or `copyright` keeps less. TIFFs with other types of numbers (float16,',
    'float64, signed and 32-bit whole numbers) or with many channels are read as arrays, like .npy files. HEIC and JPEG XL are',
    'read, to 8 bits, where their decoders are installed: `npm install heic-decode`, `npm install @jsquash/jxl`.',
    '',
    'A file that was cut off is refused, also a JPEG of which only the end marker is missing: how much is missing is not known.',
    'Damage is not noticed in lossy WebP, which has no checksum, and may not be in the last eight rows of a JPEG.',
    '',
  ].join('\n')
}
