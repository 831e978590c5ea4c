// Runs in the page: what its frames were, and when something was on the screen. Times are of performance.now().

globalThis.probe = {
  /** Records each frame until `end`: its time, and what of the picture is looked at. */
  begin(selector) {
    const element = document.querySelector(selector)
    const times = []
    const pictures = []
    let isOver = false
    const frame = (now) => {
      if (isOver) return
      times.push(now)
      pictures.push(element.style.transform)
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
    this.end = () => {
      isOver = true
      const spans = times.slice(1).map((time, index) => time - times[index])
      const moved = pictures.filter((picture, index) => index > 0 && picture !== pictures[index - 1]).length
      const seconds = (times.at(-1) - times[0]) / 1000
      return { spans, perSecond: spans.length / seconds, movedPerSecond: moved / seconds }
    }
  },

  /** A point near the middle of the graph over the pane itself, or over a node: where a drag begins. */
  point(what) {
    const { left, top, width, height } = document.querySelector('.react-flow').getBoundingClientRect()
    const middle = { x: left + width / 2, y: top + height / 2 }
    for (let distance = 0; distance < Math.min(width, height) / 2; distance += 3) {
      for (let turn = 0; turn < 16; turn++) {
        const x = middle.x + distance * Math.cos((turn * Math.PI) / 8)
        const y = middle.y + distance * Math.sin((turn * Math.PI) / 8)
        const over = document.elementFromPoint(x, y)
        const node = over?.closest('.react-flow__node')
        if (what === 'pane' && over?.classList.contains('react-flow__pane')) return { x, y }
        if (what === 'node' && node && !over.closest('.react-flow__handle')) return { x, y, id: node.dataset.id }
      }
    }
    return undefined
  },
}

/** When so many nodes had been painted, in ms after the navigation began. */
globalThis.painted = (count) =>
  new Promise((resolve) => {
    const look = () => {
      if (document.querySelectorAll('.react-flow__node:not([style*="visibility: hidden"]) .n').length < count)
        return requestAnimationFrame(look)
      // The frame after the one in which they are laid out.
      return requestAnimationFrame((now) => resolve(now))
    }
    look()
  })

const patienceMs = 20_000

/** When the node's text first has the words, in ms since the epoch, as soon as the frame with it is made. */
globalThis.shows = (name, words) =>
  new Promise((resolve, reject) => {
    const node = [...document.querySelectorAll('.n')].find((one) => one.querySelector('h3').textContent === name)
    const timer = setTimeout(() => reject(new Error(`not ${words} but ${node.textContent}`)), patienceMs)
    const look = () => {
      if (!node.textContent.includes(words)) return
      clearTimeout(timer)
      observer.disconnect()
      requestAnimationFrame(() => resolve(Date.now()))
    }
    const observer = new MutationObserver(look)
    observer.observe(node, { subtree: true, childList: true, characterData: true })
    look()
  })

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve))

globalThis.zoomNow = () => new DOMMatrix(getComputedStyle(document.querySelector('.react-flow__viewport')).transform).a

/** Waits for the picture to fit the screen, which is once all of it has been told. */
globalThis.fitted = async () => {
  while (zoomNow() === 1) await nextFrame()
}

/** Waits for a zoom step that was asked for to end. */
globalThis.zoomedBeyond = async (zoom) => {
  while (zoomNow() <= zoom) await nextFrame()
}

/** Waits for the first figures on wires. */
globalThis.hasTraffic = async () => {
  while (document.querySelector('.wire[style*="--ok"], .wire[style*="--bad"]') === null) await nextFrame()
}

/** Waits until the page has nothing left to do of what it did to be shown. */
globalThis.atRest = async () => {
  for (let quiet = 0; quiet < 30;) {
    const { timeRemaining } = await new Promise((resolve) => {
      requestIdleCallback((deadline) => resolve({ timeRemaining: deadline.timeRemaining() }))
    })
    quiet = timeRemaining > 5 ? quiet + 1 : 0
    await nextFrame()
  }
}
