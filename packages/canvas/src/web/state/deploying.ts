// The deploy as the page lives it: progress on the nodes, what went wrong at the fields, a word at the end.

import { allConflicts, blockingProblems } from '@binnacle/canvas-core'
import { texts } from '../texts.ts'
import { environmentHere } from './environments.ts'
import { DeployFailure, deploy } from './deploy.ts'
import { mayDeploy } from './permissions.ts'
import { messageOf } from './session.ts'
import { openDialog, toast, useCanvas } from './store.ts'

interface DeployWish {
  /** Why, as the release keeps it. */
  note?: string
  /** Name of the protected environment, as the person typed it. */
  confirmed?: string
}

export async function runDeploy({ note = '', confirmed }: DeployWish = {}): Promise<void> {
  const state = useCanvas.getState()
  const { editor, graph, deployment, rollbackTo, promotion, dialog } = state
  const { document } = editor
  if (deployment.phase === 'running' || document.staged.size === 0 || !mayDeploy(state)) return
  // What is known to be wrong is shown with its fields, and nothing is written: not of what is right, either.
  if (allConflicts(document).length > 0 || blockingProblems(document, graph.problems).length > 0) {
    openDialog('details')
    return
  }
  const environment = environmentHere()
  if (environment?.spec.protected === true && confirmed !== environment.metadata.name) {
    useCanvas.setState({ deployNote: note })
    openDialog('protected')
    return
  }
  useCanvas.setState({ deployment: { phase: 'running', written: new Set(), problems: [] } })
  try {
    const revision = await deploy(document, {
      note,
      ...(rollbackTo === undefined ? {} : { rollbackTo }),
      ...(promotion === undefined ? {} : { promotion }),
      onWritten: (key) =>
        useCanvas.setState((state) => ({
          deployment: { ...state.deployment, written: new Set([...state.deployment.written, key]) },
        })),
    })
    useCanvas.setState({
      deployment: { phase: 'idle', written: new Set(), problems: [] },
      rollbackTo: undefined,
      promotion: undefined,
    })
    // Not one that the person opened meanwhile.
    if (useCanvas.getState().dialog === dialog) openDialog(undefined)
    if (revision !== undefined) toast({ severity: 'ok', title: texts.staged.deployed(revision) })
  } catch (error) {
    const problems =
      error instanceof DeployFailure ? error.problems : [{ key: '', message: messageOf(error), fields: [] }]
    useCanvas.setState({ deployment: { phase: 'failed', written: new Set(), problems } })
    openDialog('details')
    toast({ severity: 'bad', title: texts.staged.refused, text: problems[0]?.message ?? '' })
  }
}
