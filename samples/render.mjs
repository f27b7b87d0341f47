/**
 * Renders the sample pictures of this folder: `node samples/render.mjs`. Nothing but arithmetic and a few drawn shapes,
 * no fonts, no random numbers. The rendered files are kept with the project; run this again only to change them.
 */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { bubblesPicture } from './render/bubbles.mjs'
import { planet } from './render/planet.mjs'
import { scene } from './render/scene.mjs'
import { volume } from './render/volume.mjs'
import { blurred, noisy } from './render/worse.mjs'

const folder = new URL('./', import.meta.url)
const small = { compressionLevel: 9, adaptiveFiltering: true }

const path = (name) => fileURLToPath(new URL(name, folder))

/** A picture as sharp takes it. */
const open = ({ data, width, height, channels }) => sharp(data, { raw: { width, height, channels } })

await mkdir(folder, { recursive: true })
const picture = await scene()
await open(picture).png(small).toFile(path('scene.png'))
await open(noisy(picture)).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toFile(path('noisy.jpg'))
await open(blurred(picture)).png(small).toFile(path('blurred.png'))
await open(planet()).toColourspace('grey16').png(small).toFile(path('gray16.png'))
await open(bubblesPicture()).png(small).toFile(path('alpha.png'))

// One page below the other, which is how libvips writes the pages of a TIFF.
const { data, width, height, depth } = volume()
await sharp(data, { raw: { width, height: height * depth, channels: 1, pageHeight: height } })
  .toColourspace('b-w')
  .tiff({ compression: 'deflate', predictor: 'horizontal' })
  .toFile(path('volume.tif'))
