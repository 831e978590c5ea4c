// All dialogs, as one part that is loaded when the first is opened.

import type { JSX } from 'react'
import { ShortcutsDialog } from '../shell/shortcuts-dialog.tsx'
import { openDialog, useCanvas } from '../state/store.ts'
import { AddDialog } from './add-dialog.tsx'
import { ConnectDialog } from './connect-dialog.tsx'
import { DetailsDialog } from './details-dialog.tsx'
import { ImportDialog } from './import-dialog.tsx'
import { KindsDialog } from './kinds-dialog.tsx'
import { Palette } from './palette.tsx'
import { ProtectedDialog } from './protected-dialog.tsx'
import { ReleasesDialog } from './releases-dialog.tsx'
import { RenameDialog } from './rename-dialog.tsx'

export function Dialogs(): JSX.Element {
  const dialog = useCanvas((state) => state.dialog)
  return (
    <>
      <AddDialog />
      <ConnectDialog />
      <DetailsDialog />
      <ProtectedDialog />
      <ReleasesDialog />
      <RenameDialog />
      <ImportDialog />
      <KindsDialog />
      <Palette />
      <ShortcutsDialog open={dialog === 'shortcuts'} onClose={() => openDialog(undefined)} />
    </>
  )
}
