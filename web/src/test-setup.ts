import 'fake-indexeddb/auto';

// A machine that compiles at the same time is slow; what hangs is found all the same.
vi.setConfig({ testTimeout: 30_000 });
