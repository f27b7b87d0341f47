/** The body of the report page; what it shows is filled in by the page itself. */
export const markup = `
<aside id="side">
  <header>
    <div class="brand"><span id="brand">convo</span>
      <button id="keys" type="button" title="Keys (?)" aria-label="Keys">?</button>
      <button id="theme" type="button" title="Dark or light (t)" aria-label="Dark or light">◐</button>
    </div>
    <div id="verdict"></div>
    <div id="about"></div>
    <div id="chips" role="group" aria-label="Statuses"></div>
    <input id="search" type="search" placeholder="Search names   /" aria-label="Search names" autocomplete="off" spellcheck="false">
  </header>
  <ul id="cases" role="listbox" aria-label="Cases" tabindex="0"></ul>
  <div id="none" hidden>No case matches.</div>
</aside>
<main id="case" hidden>
  <div id="head">
    <h1><span id="name"></span><span id="status"></span></h1>
    <p id="message"></p>
    <ul id="why"></ul>
    <dl id="facts"></dl>
  </div>
  <div id="toolbar">
    <div class="segments" id="modes" role="group" aria-label="View"></div>
    <button class="plain" id="next" type="button" title="Next difference (n)" aria-label="Next difference">Next<kbd>n</kbd></button>
    <span id="places"></span>
    <div class="zoom">
      <button class="plain" id="out" type="button" title="Smaller (-)" aria-label="Smaller">−</button>
      <span id="zoom"></span>
      <button class="plain" id="in" type="button" title="Larger (+)" aria-label="Larger">+</button>
      <button class="plain" id="fit" type="button" title="Whole picture (f)">Fit</button>
      <button class="plain" id="gain" type="button" title="Brighter, for dark pictures (g)" aria-label="Brighter" aria-pressed="false">×1</button>
      <button class="plain" id="one" type="button" title="Pixel by pixel (0)">1:1</button>
    </div>
  </div>
  <div id="viewer">
    <canvas id="canvas" aria-label="The pictures of the case"></canvas>
    <div id="nothing"></div>
    <div id="legend" hidden>
      <span id="ignored"><i></i>not compared</span><span id="tolerated"><i></i>tolerated</span><span id="counted">a little<i></i>a lot</span>
    </div>
  </div>
  <div id="foot">
    <div id="readout"></div>
    <div id="decide">
      <button id="approve" type="button">Approve<kbd>a</kbd></button>
      <button id="reject" type="button">Reject<kbd>r</kbd></button>
      <div class="command"><code id="command"></code><button id="copy" type="button" title="Copy the command (c)">Copy</button></div>
    </div>
  </div>
</main>
<dialog id="help">
  <h2>Keys</h2>
  <dl>
    <dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next case, previous case; the arrows too</dd>
    <dt><kbd>1</kbd> to <kbd>6</kbd></dt><dd>side by side, slider, blink, difference, expected, actual</dd>
    <dt><kbd>space</kbd></dt><dd>blink by hand</dd>
    <dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>move the slider</dd>
    <dt><kbd>n</kbd> <kbd>N</kbd></dt><dd>next place that differs, previous one</dd>
    <dt><kbd>b</kbd></dt><dd>frames around what differs, on and off</dd>
    <dt><kbd>+</kbd> <kbd>-</kbd> <kbd>f</kbd> <kbd>0</kbd></dt><dd>larger, smaller, whole picture, pixel by pixel; the wheel too, and close up the values are shown in the pixels</dd>
    <dt><kbd>shift</kbd> <kbd>←</kbd> to <kbd>↓</kbd></dt><dd>move the picture</dd>
    <dt><kbd>g</kbd></dt><dd>4 and 16 times as bright, for dark pictures</dd>
    <dt><kbd>a</kbd> <kbd>r</kbd></dt><dd>approve, reject: the command below collects what is approved</dd>
    <dt><kbd>c</kbd></dt><dd>copy that command</dd>
    <dt><kbd>t</kbd></dt><dd>dark or light</dd>
    <dt><kbd>/</kbd></dt><dd>search</dd>
  </dl>
  <form method="dialog"><button class="plain">Close</button></form>
</dialog>
`
