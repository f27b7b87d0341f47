import { shore } from './landscape.mjs'
import { hash } from './noise.mjs'

/** What has clean edges, as SVG. Letters are drawn as strokes, so that no font is needed. */

const svg = (width, height, body) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width * 2}" height="${height * 2}" viewBox="0 0 ${width} ${height}">${body}</svg>`

/** The lighthouse with its house and beam, to be mirrored in the water. */
export function lighthouse(width, height) {
  const base = shore - 26
  const bands = []
  for (let i = 0; i < 6; i++) {
    const [top, bottom] = [94 + i * 19.6, 94 + (i + 1) * 19.6]
    const half = (y) => 9.2 + ((y - 94) / 118) * 6.4
    bands.push(
      `<path d="M${548 - half(top)} ${top} L${548 + half(top)} ${top} L${548 + half(bottom)} ${bottom} L${548 - half(bottom)} ${bottom} Z" fill="${i % 2 ? '#f4ead8' : '#c5392f'}"/>`,
    )
  }
  return svg(
    width,
    height,
    `<defs>
      <linearGradient id="round" x1="0" x2="1"><stop offset="0" stop-color="#ffdca8" stop-opacity=".5"/>
        <stop offset=".3" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-color="#160f34" stop-opacity=".78"/></linearGradient>
      <radialGradient id="lamp"><stop offset="0" stop-color="#fffbe0"/><stop offset=".16" stop-color="#ffe9a0" stop-opacity=".85"/>
        <stop offset=".45" stop-color="#ffc870" stop-opacity=".24"/><stop offset="1" stop-color="#ffb060" stop-opacity="0"/></radialGradient>
      <linearGradient id="beam" x1="1" x2="0"><stop offset="0" stop-color="#fff0b8" stop-opacity=".62"/><stop offset="1" stop-color="#ffe0a0" stop-opacity="0"/></linearGradient>
      <linearGradient id="beamright" x1="0" x2="1"><stop offset="0" stop-color="#fff0b8" stop-opacity=".5"/><stop offset="1" stop-color="#ffe0a0" stop-opacity="0.05"/></linearGradient>
    </defs>
    <path d="M548 80 L318 40 L318 84 Z" fill="url(#beam)"/>
    <path d="M548 80 L640 66 L640 98 Z" fill="url(#beamright)"/>
    <g><path d="M566 ${base + 4} v-22 h38 v22 z" fill="#e9dcc6"/><path d="M562 ${base - 18} l23 -15 23 15 z" fill="#8e3a34"/>
      <path d="M596 ${base - 26} v-10 h5 v13 z" fill="#6f4a48"/>
      <rect x="573" y="${base - 13}" width="7" height="8" fill="#ffd67c"/><rect x="590" y="${base - 13}" width="7" height="8" fill="#ffd67c"/>
      <path d="M576.500 ${base - 13} v8 M573 ${base - 9} h7 M593.500 ${base - 13} v8 M590 ${base - 9} h7" stroke="#7a4a34" stroke-width=".8"/>
      <path d="M566 ${base + 4} v-22 h38 v22 z" fill="url(#round)"/></g>
    ${bands.join('')}
    <path d="M538.800 94 L557.200 94 L563.600 211.600 L532.400 211.600 Z" fill="url(#round)"/>
    <rect x="545.500" y="120" width="4.500" height="7.500" rx="2" fill="#ffd67c"/><rect x="545.500" y="160" width="4.500" height="7.500" rx="2" fill="#ffd67c"/>
    <path d="M543 211.600 v-9 a5 5 0 0 1 10 0 v9 z" fill="#3a2430"/>
    <path d="M535 94 h26 l-2 -4 h-22 z" fill="#2c2440"/><path d="M535.500 90 v-5 M539 90 v-5 M543.500 90 v-5 M548 90 v-5 M552.500 90 v-5 M557 90 v-5 M560.500 90 v-5 M535 85 h26" stroke="#2c2440" stroke-width=".9"/>
    <rect x="541.500" y="73" width="13" height="17" fill="#ffe9a8"/><path d="M541.500 73 v17 M545.800 73 v17 M550.200 73 v17 M554.500 73 v17" stroke="#3b3048" stroke-width="1"/>
    <path d="M539.500 73 a8.500 9.500 0 0 1 17 0 z" fill="#a32d2c"/><path d="M548 63.500 v-6" stroke="#2c2440" stroke-width="1.200"/><circle cx="548" cy="57" r="1.400" fill="#2c2440"/>
    <circle cx="548" cy="80" r="58" fill="url(#lamp)"/>
    <g fill="none" stroke="#2a2038" stroke-width="1.300" stroke-linecap="round"><path d="M352 92 q5 -5 8 0 q4 -5 8 -1"/><path d="M376 104 q4 -4 6.500 0 q3 -4 6.500 -1"/><path d="M338 112 q3.500 -3.500 5.500 0 q3 -3.500 5.500 -.5"/><path d="M398 86 q3 -3 5 0 q2.500 -3 5 -.5"/></g>`,
  )
}

/** The letters c o n v o in a box of 5 x 1.6 units, as one path of strokes. */
export const lettering =
  'M.9 .26 A.5 .5 0 1 0 .9 .94 M1.72 .1 A.5 .5 0 1 0 1.73 .1 Z M2.62 1.1 V.12 M2.62 .55 A.42 .45 0 0 1 3.46 .55 V1.1 M3.84 .1 L4.28 1.1 L4.72 .1 M5.54 .1 A.5 .5 0 1 0 5.55 .1 Z'

/** The boat, the sign with the name, and the bollards with their rope. */
export function foreground(width, height) {
  const grain = []
  for (let i = 0; i < 46; i++) {
    const y = 268.5 + (i / 46) * 53
    const [x, length] = [30 + 150 * hash(i, 0, 50), 20 + 90 * hash(i, 1, 51)]
    const end = Math.min(x + length, 206)
    grain.push(
      `<path d="M${x.toFixed(1)} ${y.toFixed(1)} q${((end - x) / 2).toFixed(1)} ${(2 * hash(i, 2, 52) - 1).toFixed(1)} ${(end - x).toFixed(1)} 0"/>`,
    )
  }
  return svg(
    width,
    height,
    `<defs>
      <linearGradient id="sail" x1="0" x2="1" y1="0" y2=".4"><stop offset="0" stop-color="#fff3da"/><stop offset="1" stop-color="#e0a08c"/></linearGradient>
      <linearGradient id="wood" x1="0" x2="0" y1="0" y2="1"><stop offset="0" stop-color="#8a5a3c"/><stop offset="1" stop-color="#54322a"/></linearGradient>
      <linearGradient id="iron" x1="0" x2="1"><stop offset="0" stop-color="#8a6a78"/><stop offset=".3" stop-color="#4a3c54"/><stop offset="1" stop-color="#15122a"/></linearGradient>
    </defs>
    <g opacity=".42"><path d="M356 286 l38 0 -5 8 -27 0 z" fill="#1c1430"/><path d="M377 296 q3 14 1 34 q11 -18 15 -33 z" fill="#f0c0a4"/><path d="M374 296 q-8 12 -15 13 q6 -3 7 -13 z" fill="#e6b098"/></g>
    <g><path d="M377 281 L377 226 Q396 252 397 281 Z" fill="url(#sail)"/><path d="M374 281 L374 236 Q362 262 358 280 Z" fill="#f7d8bc"/>
      <path d="M375.500 224 V284" stroke="#3a2430" stroke-width="1.300"/><path d="M352 282 h49 q-3 9 -9 9 h-31 q-7 -1 -9 -9 z" fill="#2c1c3a"/><path d="M352 282 h49 l-.8 2.400 h-47.400 z" fill="#e8784e"/></g>
    <g><rect x="44" y="316" width="9" height="66" fill="url(#wood)"/><rect x="184" y="316" width="9" height="66" fill="url(#wood)"/>
      <path d="M44 316 h2 v66 h-2 z M184 316 h2 v66 h-2 z" fill="#c98a5c" opacity=".55"/>
      <rect x="28" y="266" width="182" height="58" rx="4" fill="url(#wood)"/>
      <g fill="none" stroke="#2e1a1a" stroke-width=".55" opacity=".6">${grain.join('')}</g>
      <path d="M28 285.300 h182 M28 304.600 h182" stroke="#2a1718" stroke-width="1.100"/>
      <path d="M30 267 h178" stroke="#e0a870" stroke-width="1.400" opacity=".8"/>
      <rect x="28.600" y="266.600" width="180.800" height="56.800" rx="3.600" fill="none" stroke="#2a1718" stroke-width="1.200"/>
      <g fill="#d8b890"><circle cx="35" cy="273" r="1.300"/><circle cx="203" cy="273" r="1.300"/><circle cx="35" cy="317" r="1.300"/><circle cx="203" cy="317" r="1.300"/></g>
      <g transform="translate(41 275.500) scale(25.700 32)" fill="none" stroke-linecap="round" stroke-linejoin="round">
        <path d="${lettering}" stroke="#24121a" stroke-width=".27" transform="translate(.045 .05)"/><path d="${lettering}" stroke="#ffedcf" stroke-width=".23"/></g></g>
    <path d="M466 358 Q530 384 596 356" fill="none" stroke="#2a1a22" stroke-width="4.600"/><path d="M466 358 Q530 384 596 356" fill="none" stroke="#d0a070" stroke-width="3.200"/>
    <path d="M466 358 Q530 384 596 356" fill="none" stroke="#7a5238" stroke-width="3.200" stroke-dasharray="1.200 2.600"/>
    <path d="M596 356 Q622 374 644 366" fill="none" stroke="#2a1a22" stroke-width="4.600"/><path d="M596 356 Q622 374 644 366" fill="none" stroke="#d0a070" stroke-width="3.200"/>
    <path d="M596 356 Q622 374 644 366" fill="none" stroke="#7a5238" stroke-width="3.200" stroke-dasharray="1.200 2.600"/>
    ${[466, 596].map((x) => `<g><ellipse cx="${x + 5}" cy="385" rx="17" ry="4" fill="#0c0a1c" opacity=".5"/><path d="M${x - 9} 384 v-32 q0 -5 -4 -6 v-4 q0 -5 13 -5 q13 0 13 5 v4 q-4 1 -4 6 v32 q-9 4 -18 0 z" fill="url(#iron)"/><ellipse cx="${x}" cy="341" rx="12.400" ry="3.600" fill="#a8848a"/><ellipse cx="${x - 2}" cy="340.500" rx="6" ry="1.500" fill="#e0b8a4"/></g>`).join('')}`,
  )
}
