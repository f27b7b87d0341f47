// A mask of the edges of a picture: white where the gradient is above a level, black elsewhere.
//   node samples/programs/mask.mjs <input> <output>
import convo from 'convo'

const [input, output] = process.argv.slice(2)
const report = await convo(input, { gray: true })
  .gaussian({ sigma: 1.5 })
  .sobel({ unit: true })
  .threshold({ at: 40 })
  .toFile(output)
console.log(`${report.output.width}x${report.output.height}, ${report.output.channels} channel`)
