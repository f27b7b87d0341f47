// Features for a model: a picture as [C,H,W] floats, normalized as ImageNet's are, through a first layer.
//   node samples/programs/features.mjs <input>
import convo, { conv2d, maxPool2d, Tensor } from 'convo'
import sharp from 'sharp'

const small = sharp(process.argv[2]).removeAlpha().resize(224, 224, { fit: 'fill' })
const picture = await convo(small)
  .normalize({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] })
  .toTensor()
// sixteen filters that would come from a file of trained weights
const weights = Float32Array.from({ length: 16 * 3 * 7 * 7 }, (_, i) => Math.sin(i) / 12)
const maps = await conv2d(picture, new Tensor([16, 3, 7, 7], weights), { stride: 2, padding: 3 })
const { output } = await maxPool2d(maps, { kernelSize: 3, stride: 2, padding: 1 })
console.log(picture.shape.join('x'), maps.shape.join('x'), output.shape.join('x'))
