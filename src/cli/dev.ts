import { main } from './main.ts'

// Runs the command line from source: npm run convo -- sobel in.png out.png. Workers still run the built files.
process.exitCode = await main(process.argv.slice(2))
process.exit()
