// Sharpens every PNG of a folder into another one, all at once: convo lines them up, and the memory stays flat.
//   node samples/programs/folder.mjs <from> <to>
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import convo from 'convo'

const [from, to] = process.argv.slice(2)
await mkdir(to, { recursive: true })
const names = (await readdir(from)).filter((name) => name.endsWith('.png'))
const results = await Promise.allSettled(
  names.map((name) => convo(join(from, name)).sharpen().toFile(join(to, name))),
)
for (const [i, { reason }] of results.entries()) if (reason) console.error(`${names[i]}: ${reason.message}`)
console.log(`${results.filter(({ status }) => status === 'fulfilled').length} of ${names.length} sharpened`)
