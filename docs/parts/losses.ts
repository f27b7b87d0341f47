/** What becomes of a part of a picture. */
export type Outcome = 'exact' | 'kept' | 'reported' | 'refused' | 'dropped'

/** One thing that a picture may lose, and what convo does about it. */
export type Loss = {
  /** unique: its test has this name */
  readonly what: string
  readonly outcome: Outcome
  /**
   * The note or the error, `…` being for names and numbers; for what is kept, how; for what is omitted without a
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
      row(
        'author, copyright, description and software of a PNG',
        'kept',
        'in its texts; as EXIF in JPEG, TIFF, WebP and AVIF',
      ),
      row('GeoTIFF', 'kept', 'in TIFF, with the position of the pixels of the output'),
      row('metadata of GDAL: no-data value, statistics', 'reported', 'no-data value of … is lost'),
      row(
        'the GeoTIFF position of a picture that is turned, or of maps on a sheet',
        'reported',
        'the GeoTIFF position',
      ),
      row('metadata in a format that does not hold it', 'reported', '… cannot store text, EXIF and XMP'),
      row('a thumbnail in EXIF', 'dropped', 'it shows the picture as it was'),
      row('the time of a PNG', 'reported', 'time of … is lost'),
      row('EXIF after the picture data of a PNG', 'reported', 'EXIF after the picture of … is lost'),
      row('metadata of a later page of a TIFF', 'reported', 'XMP of later pages of … is lost'),
      row(
        'pixels that are not square (pHYs, JFIF, GIF, TIFF, OpenEXR)',
        'reported',
        'aspect ratio of the pixels of … is lost',
      ),
      row('resolution', 'kept', 'to the nearest pixel per metre, in PNG, JPEG, TIFF, WebP and AVIF'),
      row('resolution into GIF and .npy', 'reported', '… cannot store the resolution'),
      row(
        'a resolution of 72 dots to the inch, into GIF and .npy',
        'dropped',
        'encoders write it if they do not know the resolution',
      ),
      row('sBIT and hIST of a PNG', 'dropped', 'they describe the samples, which are all kept'),
      row(
        'a chunk of a PNG that is damaged',
        'reported',
        'the … chunk of … was ignored: it fails its checksum',
      ),
      row(
        'a chunk of a PNG that is there twice',
        'reported',
        'the … chunk of … was ignored: it occurs twice',
      ),
      row(
        'a chunk of a PNG in the wrong place',
        'reported',
        'the … chunk of … was ignored: it comes before the palette',
      ),
    ],
  },
  {
    title: 'Frames, pages and pictures inside a file',
    rows: [
      row('later pages, where the output holds one', 'reported', '… has … pages, only the first was used'),
      row(
        'pages and pictures of an animation, where the output holds them',
        'kept',
        'each is filtered on its own',
      ),
      row(
        'how long each picture is shown, into TIFF or numbered files, and of a volume',
        'reported',
        'the timing of the animation was lost',
      ),
      row(
        'times that are no multiple of 10 ms, into GIF',
        'reported',
        'GIF stores times in steps of 10 ms: the timing was rounded',
      ),
      row(
        'a first picture of an animated PNG that is not part of it',
        'reported',
        'the first picture of … is not part of its animation',
      ),
      row(
        'an animated PNG whose acTL chunk is damaged',
        'reported',
        'not read from …: pictures of an animation whose acTL chunk is damaged',
      ),
      row('further pictures of a JPEG (MPF)', 'reported', 'not read from …: … more picture (MPF)'),
      row(
        'other channels, layers and parts of an OpenEXR picture',
        'reported',
        'not read from …: the channels …',
      ),
      row('AVIF sequences', 'reported', 'not read from …: an image sequence'),
      row('gain maps of an AVIF', 'reported', 'not read from …: a gain map'),
      row('subdirectories of a TIFF', 'reported', 'not read from …: in subdirectories … pictures'),
      row('text that a GIF draws over a picture', 'reported', 'not read from …: text drawn over a picture'),
      row(
        'pictures that are not read, when two files are compared',
        'refused',
        'not compared, because convo does not read it: … more picture (MPF)',
      ),
      row(
        'a TIFF whose picture is in a subdirectory',
        'refused',
        'E_DECODE: … has its picture in a subdirectory, which convo does not read',
      ),
      row(
        'files that a drawing (SVG) refers to',
        'reported',
        '… refers to other files, which were not drawn',
      ),
      row(
        'animation, scripts and HTML in an SVG',
        'reported',
        'animation, effects of scripts and HTML (foreignObject) of … were not drawn',
      ),
      row(
        'pages of 8 and 16 bits in one TIFF',
        'refused',
        'E_SHAPE: all pages of a file must have the same size, channels and depth',
      ),
      row('notes on the slices of a folder', 'reported', 'time of some slices is lost'),
    ],
  },
  {
    title: 'Orientation',
    rows: [
      row('orientation', 'kept', 'the picture is turned, and the output has none'),
      row('orientation with --no-orient', 'kept', 'it goes into the output'),
      row('orientation with --no-orient into GIF and .npy', 'reported', '… cannot store the orientation'),
      row(
        'orientation of an animated PNG',
        'reported',
        'the orientation of … was ignored: it is an animation',
      ),
    ],
  },
  {
    title: 'Colour',
    rows: [
      row('ICC profile', 'kept', 'byte for byte, and not applied'),
      row('ICC profile into GIF and .npy', 'reported', '… cannot store the ICC profile'),
      row(
        'ICC profile of colours on a gray output',
        'reported',
        'the ICC profile was dropped: the output is gray, the profile is not',
      ),
      row(
        'ICC profile that is damaged or for other colours',
        'reported',
        'the ICC profile is damaged or for a different colour space, and was ignored',
      ),
      row(
        'profiles that differ from page to page',
        'reported',
        'the pages have different ICC profiles: those of the first page are kept',
      ),
      row('gAMA of a PNG', 'kept', 'in a PNG'),
      row('gAMA into other formats', 'reported', '… cannot store the gamma (gAMA)'),
      row('primaries (cHRM) of a PNG', 'reported', 'chromaticity (cHRM) of … is lost'),
      row('colour encoding in a PNG (cICP) or AVIF (nclx)', 'reported', 'colour encoding (…) of … is lost'),
      row('CMYK', 'reported', 'converted from CMYK to sRGB'),
      row('the exposure of a Radiance picture', 'reported', 'EXPOSURE of … was not applied: …'),
      row(
        'primaries of an OpenEXR picture',
        'reported',
        'the primaries (chromaticities) of … were not applied',
      ),
      row('the ICC profile of a GIF', 'reported', 'the ICC profile of … is lost'),
      row('Lab in a TIFF', 'refused', 'E_DECODE: … has L*a*b* colours, which convo does not read'),
      row(
        'YCbCr in a TIFF without JPEG, in 4:4:4',
        'refused',
        'E_DECODE: … has YCbCr colours for every pixel, which convo does not read',
      ),
      row(
        'floats of a TIFF where 0 is white',
        'refused',
        'E_DECODE: … has floats in which 0 is white, which convo does not read',
      ),
      row('--gray of colours with three tone curves', 'reported', 'the ICC profile was dropped'),
    ],
  },
  {
    title: 'Alpha',
    rows: [
      row('alpha', 'exact', 'in PNG, TIFF and WebP'),
      row('opaque alpha into JPEG', 'dropped', 'every pixel is opaque'),
      row(
        'alpha into JPEG',
        'refused',
        'E_OUTPUT: jpeg has no alpha, and the picture has transparent pixels',
      ),
      row(
        'soft alpha into GIF',
        'reported',
        'gif has no partial transparency: pixels became opaque or transparent',
      ),
      row(
        'alpha of the slices of a volume',
        'reported',
        'volumes have no alpha: the slices were flattened onto black',
      ),
      row(
        '--alpha drop of hidden colours',
        'reported',
        '… has transparent pixels, and --alpha drop shows their hidden colours',
      ),
      row(
        '--alpha separate of hidden colours',
        'reported',
        '… has transparent pixels, and --alpha separate mixes their hidden colours',
      ),
      row(
        'colours of a TIFF that are multiplied by their alpha',
        'reported',
        'the colours of … were divided by its alpha: the file stores them multiplied by it',
      ),
      row(
        'a further channel of a TIFF that may be no alpha',
        'reported',
        'the last channel of … was used as alpha, but the file does not say what it is',
      ),
      row(
        'areas of a GIF without alpha that no frame covers',
        'reported',
        'areas of … that no frame covers were filled, mostly with black',
      ),
      row('other colours under alpha 0', 'dropped', 'they are invisible'),
      row('alpha, where the result has another size or other channels', 'reported', 'alpha was dropped'),
    ],
  },
  {
    title: 'Samples',
    rows: [
      row('1 to 7, and 9 to 15 bits', 'exact', 'spread over 0..255, or 0..65535'),
      row('16 bits', 'exact', 'in PNG, TIFF and .npy'),
      row('floating point into TIFF, PFM and .npy', 'exact', ''),
      row('floating point into other formats', 'reported', 'floating point was rounded to … bits'),
      row('linear light of Radiance and OpenEXR, into PNG', 'kept', 'as a gAMA of 1'),
      row(
        'linear light of Radiance and OpenEXR, into other formats of 8 and 16 bits',
        'reported',
        '… cannot store that its light is linear: it looks dark',
      ),
      row(
        'chroma of a JPEG that is neither 4:4:4 nor 4:2:0, into JPEG',
        'reported',
        'jpeg is written with 4:4:4 chroma, the input has 4:2:2',
      ),
      row('16 bits into JPEG, WebP, GIF and AVIF', 'reported', '… has 8 bits: 16-bit samples were rounded'),
      row(
        'more than 256 colours into GIF',
        'reported',
        'gif has 256 colours: the picture was reduced to them',
      ),
      row('samples below black or above white', 'reported', '… % of the samples were clipped'),
      row('NaN into a picture, which becomes 0', 'reported', '… below black or not a number'),
      row('NaN and infinities into .npy', 'exact', 'they stay what they are'),
      row('NaN and infinities in an FFT', 'refused', 'E_OPTION: … --algorithm auto'),
      row(
        'the scale of floats, which is guessed',
        'reported',
        '… has numbers from … to …, so … is used as white',
      ),
      row(
        'the layout of an array, which is found',
        'reported',
        '… has the shape […], and was read as [H,W,C]',
      ),
      row(
        'numbers of an array that float32 does not hold',
        'reported',
        '… has numbers of type …, which were rounded to float32',
      ),
      row(
        'the same, when two arrays are compared',
        'refused',
        'E_DECODE: … has numbers of type … that float32 cannot represent',
      ),
      row('signed samples, and floats of 16 bits, in a TIFF', 'exact', 'read as an array is'),
      row('more channels than a picture has, in a TIFF', 'exact', 'read as maps, which .npy can store'),
      row(
        'complex samples in a TIFF',
        'refused',
        'E_DECODE: … has complex numbers, which convo does not read',
      ),
      row(
        'floats into a picture with --range raw',
        'refused',
        'E_OPTION: --range raw writes floating point, which … cannot hold',
      ),
    ],
  },
  {
    title: 'Drawings and checks',
    rows: [
      row('further pages of a photo for show', 'reported', '… has … pages: the first is shown'),
      row('alpha of a photo for show', 'reported', '… has transparent pixels and was flattened onto gray'),
      row('a photo for a kernel of several planes', 'reported', '--photo was ignored'),
      row('planes of a large bank in its drawing', 'reported', '… has … planes: the first … are drawn'),
      row(
        'colours of animations of animate, into GIF',
        'dropped',
        'they are shades at the edges of letters and lines; .webp and .svg keep them',
      ),
      row('losses in the picture of a check case', 'reported', '… has … pages, only the first was used'),
    ],
  },
  {
    title: 'Files that are not read',
    rows: [
      row(
        'raw pictures of cameras',
        'refused',
        'E_DECODE: … is a raw picture (DNG), which convo does not read',
      ),
      row('HEIC', 'refused', 'E_DECODE: … is a HEIC picture, which convo does not read'),
    ],
  },
]

const outcomes: readonly (readonly [Outcome, string])[] = [
  ['exact', 'every sample comes back as it was'],
  ['kept', 'it is in the output'],
  ['reported', 'it is lost, and a note reports it, on standard error and in `notes` of `--json`'],
  ['refused', 'exit code 1 or 2, and no output'],
  ['dropped', 'it is lost without a note, but nothing visible is lost with it'],
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
    '# What is lost',
    'A file can contain more than an output format can store. Nothing visible is lost silently: each row is kept, reported ' +
      'in a note, or refused. In notes and errors, … is a name or a number. `test/cli/losses.test.ts` has a test for each row.',
    outcomes.map(([outcome, meaning]) => `- **${outcome}**: ${meaning}`).join('\n'),
    'What an option requests is not a loss: `--gray`, `--depth 8`, `--channels first`, `--range abs`. Neither is the compression of ' +
      'JPEG, AVIF and WebP with `--quality`.',
    '`--dry-run` reports the same before anything is computed, except what depends on the samples: clipping, transparency, ' +
      'the number of colours.',
  ]
  return `${[...intro, ...sections].join('\n\n')}\n`
}
