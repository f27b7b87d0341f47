// The process that decodes one picture: started by apart.ts, bundled as dist/decoder.js.
import { setRole } from '../signals.ts'
import { type Answer, framed, type Order, unframed } from './apart.ts'
import { borrowedRaw } from './borrowed-decoders.ts'
import { rawOf } from './sharp.ts'

// Ctrl-C in a terminal reaches this process too. It ignores it, and ends when its parent exits.
setRole('crew')
// an ordinary exit would wait for the picture
process.stdin.once('end', () => process.kill(process.pid, 'SIGKILL'))

const order = await unframed<Order>(process.stdin)
if (order !== undefined) {
  const { path, recipe, borrowing } = order.head
  try {
    const raw = () => rawOf(path ?? order.body, recipe!)
    const { data, info } = await (borrowing === undefined ? raw() : borrowedRaw(order.body, borrowing))
    answer({ info, bytes: data.length }, data)
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) })
  }
}

function answer(head: Answer, data: Uint8Array = new Uint8Array(0)): void {
  process.stdout.write(framed(head))
  process.stdout.write(data)
}
