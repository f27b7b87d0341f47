// Makes all of the documentation that is not written by hand: npm run docs
//   README.md, docs/options.md, docs/gallery.md  the sections between `<!-- name:begin -->` and `<!-- name:end -->`
//   docs/api.md   from the docstrings of what src/index.ts exports
//   docs/convo.1  the manual page
//   docs/losses.md  what a picture may lose, from docs/parts/losses.ts
//   docs/formats.md what is read and written, from src/image/format.ts
//   docs/pictures what the README and the gallery show; digests.json has the digest of the pixels of each
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from '../src/build.mjs'
import { makeAnimations } from './parts/animations.ts'
import { documents } from './parts/documents.ts'
import { examples, hero, textbook } from './parts/gallery.ts'
import { digestOf, encode, exhibit, root } from './parts/pictures.ts'

await build({ types: false })
await mkdir(join(root, 'docs/pictures'), { recursive: true })
const digests: Record<string, string> = {}
for (const one of [hero, ...examples, ...textbook]) {
  const picture = await exhibit(one)
  const digest = await digestOf(picture)
  digests[one.name] = digest
  await writeFile(join(root, `docs/pictures/${one.name}.webp`), await encode(picture))
}
await writeFile(join(root, 'docs/pictures/digests.json'), `${JSON.stringify(digests, null, 2)}\n`)
await makeAnimations()
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')
for (const [path, text] of Object.entries(documents(textOf))) await writeFile(join(root, path), text)
