// Several nodes at once: put in line, at even distances, into a frame, copied or removed.

import { type Edge, type Position, align, distribute } from '@binnacle/canvas-core'
import type { JSX } from 'react'
import { placesOf } from '../graph/places.ts'
import { duplicate, removeSelected } from '../graph/stage-keys.ts'
import { mayAdd, mayEdit, mayRemove } from '../state/permissions.ts'
import { useShownNodes } from '../state/shown-nodes.ts'
import { act, openDialog, select, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon, type IconName } from '../ui/icons.tsx'

const edges: readonly Edge[] = ['left', 'center', 'right', 'top', 'middle', 'bottom']
const axes: readonly { axis: 'x' | 'y'; icon: IconName }[] = [
  { axis: 'x', icon: 'across' },
  { axis: 'y', icon: 'along' },
]

type Places = ReadonlyMap<string, Position>

export function Many(): JSX.Element {
  const selected = useCanvas((state) => state.selected)
  const canAdd = useCanvas(mayAdd)
  const canEdit = useCanvas(mayEdit)
  const canRemove = useCanvas((state) => [...selected].every((key) => mayRemove(state, key)))
  return (
    <aside className="side" aria-label={texts.inspector.label}>
      <div className="hd">
        <h2 className="grow">{texts.inspector.many(selected.size)}</h2>
        <button className="btn bare icon" aria-label={texts.close} onClick={() => select([])}>
          <Icon name="close" />
        </button>
      </div>
      {canEdit && <Arrange />}
      <div className="sec actions">
        {canAdd && (
          <button className="btn" onClick={duplicate}>
            <Icon name="copy" size={14} />
            {texts.inspector.duplicate}
          </button>
        )}
        {canEdit && (
          <button className="btn" onClick={() => openDialog('group')}>
            <Icon name="group" size={14} />
            {texts.graph.group}
          </button>
        )}
        {canRemove && (
          <button className="btn bad" onClick={removeSelected}>
            <Icon name="trash" size={14} />
            {texts.remove}
          </button>
        )}
        {!canEdit && <p className="meta">{texts.inspector.readOnly}</p>}
      </div>
    </aside>
  )
}

function Arrange(): JSX.Element {
  const selected = useCanvas((state) => state.selected)
  const graph = useCanvas((state) => state.graph)
  const shown = useShownNodes()
  const arrange = (label: string, arranged: (places: Places) => Places): void => {
    const places = new Map([...placesOf(graph, shown)].filter(([key]) => selected.has(key)))
    act({ type: 'move', positions: arranged(places) }, { label })
  }
  return (
    <section className="sec">
      <h3 id="align">{texts.arrange.align}</h3>
      <div className="actions" role="group" aria-labelledby="align">
        {edges.map((edge) => (
          <button
            key={edge}
            className="btn icon"
            aria-label={texts.arrange[edge]}
            data-tip={texts.arrange[edge]}
            onClick={() => arrange(texts.arrange[edge], (places) => align(places, edge))}
          >
            <Icon name={edge} />
          </button>
        ))}
        {axes.map(({ axis, icon }) => (
          <button
            key={axis}
            className="btn icon"
            aria-label={texts.arrange[axis]}
            data-tip={texts.arrange[axis]}
            disabled={selected.size < 3}
            onClick={() => arrange(texts.arrange[axis], (places) => distribute(places, axis))}
          >
            <Icon name={icon} />
          </button>
        ))}
      </div>
    </section>
  )
}
