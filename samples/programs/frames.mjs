// Filters the frames of a video, raw RGB from standard input to standard output:
//   ffmpeg -i in.mp4 -f rawvideo -pix_fmt rgb24 - | node samples/programs/frames.mjs 640 360 | ffmpeg -f rawvideo ... out.mp4
import convo from 'convo'

const [width, height] = process.argv.slice(2).map(Number)
const size = width * height * 3
let held = Buffer.alloc(0)
for await (const chunk of process.stdin) {
  held = Buffer.concat([held, chunk])
  while (held.length >= size) {
    const frame = { data: held.subarray(0, size), width, height, channels: 3 }
    const { data } = await convo(frame).gaussian({ sigma: 2 }).raw()
    if (!process.stdout.write(data)) await new Promise((done) => process.stdout.once('drain', done))
    held = held.subarray(size)
  }
}
