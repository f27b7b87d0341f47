import { formatRows } from '../../src/image/format.ts'

/** docs/formats.md */
export function formatsPage(): string {
  const rows = formatRows()
  const head = Object.keys(rows[0]!)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    '# Formats of pictures\n',
    'What convo reads and writes. Where reading and writing differ, both are given. Depths are bits of a sample: fewer than 8',
    'bits are spread over 8, and those between over 16. `test/image/formats.test.ts` has a test for each cell.\n',
    line(head),
    line(head.map(() => '---')),
    ...rows.map((row) => line(Object.values(row))),
    '',
    'Of texts, a JPEG holds comments only. `--metadata strip` or `copyright` keeps less. TIFFs of other numbers (float16,',
    'float64, signed and 32-bit whole numbers) and of many channels are read as arrays, like .npy files. HEIC and JPEG XL are',
    'read, to 8 bits, where their decoders are installed: `npm install heic-decode`, `npm install @jsquash/jxl`.',
    '',
  ].join('\n')
}
