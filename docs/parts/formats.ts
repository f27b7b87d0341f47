import { formatRows } from '../../src/image/format.ts'

/** docs/formats.md */
export function formatsPage(): string {
  const rows = formatRows()
  const head = Object.keys(rows[0]!)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    '# Picture formats\n',
    'What convo reads and writes. Where the two differ, the cell shows both. Depths are bits per sample: fewer than 8 bits are',
    'expanded to 8, and 9 to 15 bits to 16. `test/image/formats.test.ts` tests each cell.\n',
    line(head),
    line(head.map(() => '---')),
    ...rows.map((row) => line(Object.values(row))),
    '',
    'The only text in a JPEG is its comments. `--metadata strip` or `copyright` keeps less. TIFFs with other number types (float16,',
    'float64, signed or 32-bit integers) or with many channels are read as arrays, like .npy files. HEIC and JPEG XL are read as',
    '8 bits if their decoders are installed: `npm install heic-decode`, `npm install @jsquash/jxl`.',
    '',
    'convo refuses a truncated file, even a JPEG that lacks only its end marker: nobody can know how much is missing. It does not',
    'notice damage in lossy WebP, which has no checksum, and may miss damage in the last eight rows of a JPEG.',
    '',
  ].join('\n')
}
