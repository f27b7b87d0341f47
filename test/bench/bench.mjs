// The benchmark: problems as strings, timed against the other programs that are installed.
//   npm run bench -- [options] [problem...]          npm run bench -- --help
import { register } from 'tsx/esm/api'

register()
const { main } = await import('./main.ts')
try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(`error: ${error.message}`)
  process.exit(2)
}
