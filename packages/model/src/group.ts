// Names that our objects and the objects we render carry.

export const group = 'binnacle.dev'
export const version = 'v1alpha1'
export const apiVersion = 'binnacle.dev/v1alpha1'

/** Kubernetes' recommended labels, by which an object belongs to an application and a resource of it. */
export const partOfLabel = 'app.kubernetes.io/part-of'
export const nameLabel = 'app.kubernetes.io/name'
export const componentLabel = 'app.kubernetes.io/component'
export const managedByLabel = 'app.kubernetes.io/managed-by'
export const managedBy = 'binnacle'

/** Where a node stands on the Canvas, `x,y` in px. Never counts as a change. */
export const positionAnnotation = 'binnacle.dev/position'
/** Name of the frame that holds the node on the Canvas. Never counts as a change. */
export const groupAnnotation = 'binnacle.dev/group'
/** On an Application: notes and frames of its Canvas, as JSON. Never counts as a change. */
export const canvasAnnotation = 'binnacle.dev/canvas'
/** On a pod template: changes when configuration that the pods read at start does, so that they roll. */
export const configHashAnnotation = 'binnacle.dev/config-hash'
/** On a DataSource: any new value asks its controller to test the connection now. */
export const testConnectionAnnotation = 'binnacle.dev/test-connection'
/** On a Microservice or DataSource: any new value restarts its pods, as `kubectl rollout restart` does. */
export const restartedAtAnnotation = 'binnacle.dev/restarted-at'
/** On a Microservice with sources: any new value asks its controller to build them again. */
export const rebuildAnnotation = 'binnacle.dev/rebuild'
