import { main } from './main.ts'

// The command line from its sources: npm run convo -- sobel in.png out.png. What is built is still run by workers.
process.exitCode = await main(process.argv.slice(2))
process.exit()
