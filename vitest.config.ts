import { defineConfig, type ViteUserConfig } from 'vitest/config'

// Waits are on conditions; these only bound a hang on a machine that is busy.
const patience = { testTimeout: 30_000, hookTimeout: 30_000 }

const config: ViteUserConfig = defineConfig({
  test: {
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: 'dist/test-report.json' }]] : ['default'],
    projects: [
      {
        test: {
          name: 'packages',
          include: ['packages/*/test/**/*.test.ts', 'packages/*/src/**/*.test.{ts,tsx}'],
          sequence: { groupOrder: 0 },
          ...patience,
        },
      },
      {
        // Whole engines with real programs, one after the other: each wants the machine.
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          maxWorkers: 1,
          fileParallelism: false,
          ...patience,
        },
      },
    ],
  },
})

export default config
