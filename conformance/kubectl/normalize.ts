// Takes out of kubectl's output what no two clusters have in common: identities, times, addresses, random names.

export interface Facts {
  folder: string
  node: string
}

const rules: readonly (readonly [RegExp, string])[] = [
  [/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, 'UID'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME'],
  [/\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [-+]\d{4}/g, 'TIME'],
  [/(https?:\/\/)[\w.:-]+(?=[/\s"?\\]|$)/gm, '$1SERVER'],
  [/\b(?:\d{1,3}\.){3}\d{1,3}(?:\/\d+)?/g, 'IP'],
  [/(resourceVersion"?: ?)"\d+"/g, '$1N'],
  // The hash of a pod template, and the five random letters of a generated name.
  [/-[bcdf-hj-np-tv-xz2-9]{5}(?=["'\s,/;()\\]|$)/gm, '-RANDOM'],
  [/\b[bcdf-hj-np-tv-xz2-9]{8,10}\b(?=-RANDOM)/g, 'HASH'],
  [/-[bcdf-hj-np-tv-xz2-9]{8,10}(?=["'\s,/;()\\]|$)/gm, '-HASH'],
  [/(hash(?:"?: ?"?|=))[bcdf-hj-np-tv-xz2-9]{8,10}\b/g, '$1HASH'],
  [/\b3[0-2]\d{3}\b/g, 'NODEPORT'],
  [/(controllerRevision|kube-api-access)-\w{5,10}/g, '$1-HASH'],
  [/(Resource Version: +)\d+/g, '$1N'],
  [/X509SHA256=[\da-f]{64}/g, 'X509SHA256=HASH'],
  [/\(x\d+ over /g, '(xN over '],
  // Ages and durations of tables and of events.
  [/(?<=^|[\s(])(?:\d+[smhd]){1,2}(?=\s|$|\))/gm, 'AGE'],
  [/<(?:invalid|unknown)>(?=\s*$)/gm, 'AGE'],
  [/^Waiting for .*\n/gm, ''],
  [/^(deployment|statefulset|daemonset)s? rolling update complete.*\n/gm, ''],
]

export function normalize(output: string, { folder, node }: Facts): string {
  let text = output.replaceAll(folder, 'FOLDER')
  if (node !== '')
    text = text.replaceAll(new RegExp(`(?<![\\w-])${node.replaceAll('.', '\\.')}(?![\\w-])`, 'g'), 'NODE')
  for (const [pattern, replacement] of rules) text = text.replaceAll(pattern, replacement)
  // A column is as wide as its widest value.
  return text
    .split('\n')
    .map((line) => line.replaceAll(/(?<=\S) {2,}/g, '  ').trimEnd())
    .join('\n')
}
