// A server that takes a picture as the body of a POST, and answers with its edges as PNG.
//   node samples/programs/upload.mjs [port]
import { createServer } from 'node:http'
import convo, { ConvoError, formatError } from 'convo'

const server = createServer(async (request, response) => {
  try {
    const edges = await convo(request, { maxPixels: 20_000_000 }).sobel({ unit: true }).toBuffer()
    response.setHeader('content-type', 'image/png').end(edges)
  } catch (error) {
    // what was sent is at fault, or this server is
    response.statusCode = error instanceof ConvoError ? 400 : 500
    response.end(error instanceof ConvoError ? formatError(error) : 'something went wrong')
  }
})
server.listen(Number(process.argv[2] ?? 0), () => console.log(`http://localhost:${server.address().port}`))
