import 'fake-indexeddb/auto';

// A machine that compiles beside the tests is slow; what hangs is found all the same.
vi.setConfig({ testTimeout: 30_000 });
