// A server that sharpens thumbnails: GET /scene.png?width=200 answers with a WebP of that width.
//   node samples/programs/thumbnails.mjs [port]
import { createServer } from 'node:http'
import { basename } from 'node:path'
import convo, { ConvoError, formatError } from 'convo'
import sharp from 'sharp'

const folder = new URL('../', import.meta.url)

const server = createServer(async (request, response) => {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  try {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost')
    const width = Number(searchParams.get('width') ?? 160)
    const small = sharp(new URL(basename(pathname), folder).pathname).resize(width)
    const picture = await convo(small, { signal: gone.signal })
      .unsharp({ sigma: 0.8 })
      .webp({ quality: 80 })
      .toBuffer()
    response.setHeader('content-type', 'image/webp').end(picture)
  } catch (error) {
    if (gone.signal.aborted) return
    response.statusCode = error instanceof ConvoError ? 404 : 500
    response.end(error instanceof ConvoError ? formatError(error) : 'something went wrong')
  }
})
server.listen(Number(process.argv[2] ?? 0), () => console.log(`http://localhost:${server.address().port}`))
