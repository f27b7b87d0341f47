// A kernel designed in code: a line of taps that blurs along an angle, written to a file for later.
//   node samples/programs/kernel.mjs <input> <output> <degrees>
import convo, { readKernel, writeKernel } from 'convo'

const [input, output, degrees] = process.argv.slice(2)
const reach = 7
const angle = (Number(degrees) * Math.PI) / 180
const side = 2 * reach + 1
const rows = Array.from({ length: side }, () => new Array(side).fill(0))
for (let t = -reach; t <= reach; t++) {
  rows[Math.round(reach - t * Math.sin(angle))][Math.round(reach + t * Math.cos(angle))] = 1
}
await convo(input).conv2d({ kernel: rows, normalize: true, border: 'reflect' }).toFile(output)

const named = await readKernel(rows.map((row) => row.join(' ')).join('; '))
await writeKernel(named, output.replace(/\.\w+$/, '.json'))
