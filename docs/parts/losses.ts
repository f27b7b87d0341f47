/** What becomes of a part of a picture. */
export type Outcome = 'exact' | 'kept' | 'told' | 'refused' | 'left out'

/** One thing that a picture may lose, and what convo does about it. */
export type Loss = {
  /** unique: its test has this name */
  readonly what: string
  readonly outcome: Outcome
  /**
   * The note or the error, `…` standing for names and numbers; for what is kept, how; for what is left out without a
   * note, why nothing is lost with it.
   */
  readonly text: string
}

type Group = { readonly title: string; readonly rows: readonly Loss[] }

const row = (what: string, outcome: Outcome, text: string): Loss => ({ what, outcome, text })

/** Every place where a picture could lose something on its way, in the order of that way. */
export const losses: readonly Group[] = [
  {
    title: 'Metadata',
    rows: [
      row(
        'EXIF',
        'kept',
        'in PNG, JPEG, TIFF, WebP and AVIF, with size, orientation and resolution of the output',
      ),
      row('XMP', 'kept', 'in PNG, JPEG, TIFF, WebP and AVIF'),
      row('IPTC', 'kept', 'in JPEG and TIFF'),
      row('text chunks, and comments', 'kept', 'in PNG; comments in JPEG too'),
      row('GeoTIFF', 'kept', 'in TIFF'),
      row('metadata in a format that does not hold it', 'told', '… does not hold text, EXIF and XMP'),
      row('a thumbnail in EXIF', 'left out', 'it shows the picture as it was'),
      row('the time of a PNG', 'told', 'time of … is not kept'),
      row('EXIF behind the picture data of a PNG', 'told', 'EXIF behind the picture of … is not kept'),
      row('metadata of a later page of a TIFF', 'told', 'XMP of later pages of … is not kept'),
      row(
        'pixels that are not square (pHYs, JFIF, GIF)',
        'told',
        'aspect ratio of the pixels of … is not kept',
      ),
      row('resolution', 'kept', 'to the nearest pixel per metre, in PNG, JPEG, TIFF, WebP and AVIF'),
      row('resolution into GIF and .npy', 'told', '… does not hold the resolution'),
      row(
        'a resolution of 72 dots to the inch, into GIF and .npy',
        'left out',
        'it is what encoders write where they know none',
      ),
      row('sBIT and hIST of a PNG', 'left out', 'they describe the samples, which are all kept'),
      row('a chunk of a PNG that is damaged', 'told', 'the … chunk of … was left out: it fails its checksum'),
      row('a chunk of a PNG that is there twice', 'told', 'the … chunk of … was left out: it is there twice'),
      row(
        'a chunk of a PNG in the wrong place',
        'told',
        'the … chunk of … was left out: it stands before the palette',
      ),
    ],
  },
  {
    title: 'Frames, pages and pictures inside a file',
    rows: [
      row('later pages, where the output holds one', 'told', '… has … pages, and the first was used'),
      row(
        'pages and pictures of an animation, where the output holds them',
        'kept',
        'each is filtered on its own',
      ),
      row(
        'how long each picture is shown, into TIFF or numbered files, and of a volume',
        'told',
        'how long each picture is shown is not kept',
      ),
      row(
        'times that are no multiple of 10 ms, into GIF',
        'told',
        'gif holds times in steps of 10 ms: those of the pictures were rounded',
      ),
      row(
        'a first picture of an animated PNG that is not part of it',
        'told',
        'the first picture of … is not part of its animation',
      ),
      row(
        'an animated PNG whose acTL chunk is damaged',
        'told',
        'of … not read: pictures of an animation whose acTL chunk is damaged',
      ),
      row('further pictures of a JPEG (MPF)', 'told', 'of … not read: … more picture (MPF)'),
      row('AVIF sequences', 'told', 'of … not read: an image sequence'),
      row('gain maps of an AVIF', 'told', 'of … not read: a gain map'),
      row('subdirectories of a TIFF', 'told', 'of … not read: in subdirectories … pictures'),
      row('text that a GIF draws over a picture', 'told', 'of … not read: text that is drawn over a picture'),
      row(
        'pictures that are not read, when two files are compared',
        'refused',
        'not compared, as it is not read: … more picture (MPF)',
      ),
      row(
        'a TIFF whose picture is in a subdirectory',
        'refused',
        'E_DECODE: … holds its picture in a subdirectory, which is not read',
      ),
      row('files that a drawing (SVG) refers to', 'told', '… refers to other files, which are not drawn'),
      row(
        'animation, scripts and HTML in an SVG',
        'told',
        'animation, what a script does and HTML (foreignObject) of … are not drawn',
      ),
      row('pages of 8 and 16 bits in one TIFF', 'refused', 'E_SHAPE: the pages of a file must be alike'),
      row('notes on the slices of a folder', 'told', 'time of some slices is not kept'),
    ],
  },
  {
    title: 'Orientation',
    rows: [
      row('orientation', 'kept', 'the picture is turned, and the output has none'),
      row('orientation with --no-orient', 'kept', 'it goes into the output'),
      row('orientation with --no-orient into GIF and .npy', 'told', '… does not hold the orientation'),
      row(
        'orientation of an animated PNG',
        'told',
        'the pictures of … are not turned: an animation has no orientation',
      ),
    ],
  },
  {
    title: 'Colour',
    rows: [
      row('ICC profile', 'kept', 'byte for byte, and not applied'),
      row('ICC profile into GIF and .npy', 'told', '… does not hold the ICC profile'),
      row(
        'ICC profile of colours on a gray output',
        'told',
        'the ICC profile was left out: it is not for gray, which the output is',
      ),
      row(
        'ICC profile that is damaged or for other colours',
        'told',
        'the ICC profile is damaged or for other colours, and was left out',
      ),
      row(
        'profiles that differ from page to page',
        'told',
        'the pages have different ICC profiles: those of the first are kept',
      ),
      row('gAMA of a PNG', 'kept', 'in a PNG'),
      row('gAMA into other formats', 'told', '… does not hold the gamma (gAMA)'),
      row('primaries (cHRM) of a PNG', 'told', 'primaries (cHRM) of … is not kept'),
      row('coding of colour in a PNG (cICP) or AVIF (nclx)', 'told', 'coding of colour (…) of … is not kept'),
      row('CMYK', 'told', 'converted from CMYK to sRGB'),
      row('Lab in a TIFF', 'refused', 'E_DECODE: … holds L*a*b* colours, which are not read'),
      row('--gray of colours with three tone curves', 'told', 'the ICC profile was left out'),
    ],
  },
  {
    title: 'Alpha',
    rows: [
      row('alpha', 'exact', 'in PNG, TIFF and WebP'),
      row('opaque alpha into JPEG', 'left out', 'every pixel is opaque'),
      row(
        'alpha into JPEG',
        'refused',
        'E_OUTPUT: jpeg holds no alpha, and the picture is transparent in places',
      ),
      row(
        'soft alpha into GIF',
        'told',
        'gif holds no half-transparent pixels: they became opaque or transparent',
      ),
      row(
        'alpha of the slices of a volume',
        'told',
        'a volume has no alpha: its slices were laid over black',
      ),
      row(
        '--alpha drop of hidden colours',
        'told',
        '… is transparent in places, and --alpha drop shows the colours there',
      ),
      row(
        '--alpha separate of hidden colours',
        'told',
        '… is transparent in places, and --alpha separate mixes the colours there',
      ),
      row('colours under alpha 0, else', 'left out', 'nobody sees them'),
      row('alpha, where the result has another size or other channels', 'told', 'transparency was left out'),
    ],
  },
  {
    title: 'Samples',
    rows: [
      row('gray of 1, 2 and 4 bits', 'exact', 'spread over 0..255'),
      row('16 bits', 'exact', 'in PNG, TIFF and .npy'),
      row(
        '16 bits into JPEG, WebP, GIF and AVIF',
        'told',
        '… holds 8 bits: 16-bit samples were rounded to 8',
      ),
      row('more than 256 colours into GIF', 'told', 'gif holds 256 colours: the picture was reduced to them'),
      row('what lies below black or above white', 'told', '… % of the samples were clipped'),
      row('NaN into a picture, which becomes 0', 'told', '… below black or not a number'),
      row('NaN and infinities into .npy', 'exact', 'they stay what they are'),
      row('NaN and infinities in an FFT', 'refused', 'E_OPTION: … --algorithm auto'),
      row(
        'the scale of floats, which is guessed',
        'told',
        '… holds numbers of … to …, so … is taken as white',
      ),
      row('the layout of an array, which is found', 'told', '… has the shape […], and was read as [H,W,C]'),
      row(
        'numbers of an array that float32 does not hold',
        'told',
        '… holds numbers of type …, which were rounded to float32',
      ),
      row(
        'the same, when two arrays are compared',
        'refused',
        'E_DECODE: … holds numbers of type … that float32 does not hold',
      ),
      row('signed samples, and floats of 16 bits, in a TIFF', 'exact', 'read as an array is'),
      row('more channels than a picture has, in a TIFF', 'exact', 'read as maps, which .npy holds'),
      row('complex samples in a TIFF', 'refused', 'E_DECODE: … holds complex numbers, which are not read'),
      row('floats into a picture with --range raw', 'refused', 'E_O'),
    ],
  },
  {
    title: 'Drawings and checks',
    rows: [
      row('further pages of a photo for show', 'told', '… has … pages, and the first is shown'),
      row('alpha of a photo for show', 'told', '… is transparent in places, and was laid over gray'),
      row('a photo for a kernel of several planes', 'told', '--photo is left out'),
      row('planes of a large bank in its drawing', 'told', '… has … planes, and the first … are drawn'),
      row(
        'colours of what animate draws, into GIF',
        'left out',
        'they are shades at the edges of letters and lines; .webp and .svg keep them',
      ),
      row('what the picture of a case of check loses', 'told', '… has … pages, and the first was used'),
    ],
  },
  {
    title: 'Files that are not read',
    rows: [
      row('raw pictures of cameras', 'refused', 'E_DECODE: … is a raw picture (DNG), which is not read'),
      row('HEIC', 'refused', 'E_DECODE: … is a HEIC picture, which is not read'),
    ],
  },
]

const outcomes: readonly (readonly [Outcome, string])[] = [
  ['exact', 'every sample comes back as it was'],
  ['kept', 'it is in the output'],
  ['told', 'it is lost, and a note says so: on standard error, and in `notes` of `--json`'],
  ['refused', 'exit code 1 or 2, and no output'],
  ['left out', 'it is lost without a note: nothing that can be seen is lost with it'],
]

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('*', '\\*')

/** docs/losses.md */
export function lossesPage(): string {
  const sections = losses.map(
    ({ title, rows }) =>
      `## ${title}\n\n| what | outcome | how, or the note |\n|---|---|---|\n${rows
        .map(({ what, outcome, text }) => `| ${escaped(what)} | ${outcome} | ${escaped(text)} |`)
        .join('\n')}`,
  )
  const intro = [
    '# What a picture may lose',
    'A picture can hold more than an output has room for. Nothing that can be seen is lost in silence: each row is kept, told ' +
      'in a note, or refused. In notes and errors, … stands for names and numbers. `test/cli/losses.test.ts` has a test for each row.',
    outcomes.map(([outcome, meaning]) => `- **${outcome}**: ${meaning}`).join('\n'),
    'What an option asks for is no loss: `--gray`, `--depth 8`, `--channels first`, `--range abs`. Neither is the compression of ' +
      'JPEG, AVIF and WebP with `--quality`: a lossy format was asked for.',
  ]
  return `${[...intro, ...sections].join('\n\n')}\n`
}
