// Runs the cases of a module that was built from this folder, as in: node run.mjs corepool_wasm.wasm
// A program for WASI runs as a whole. Of any other module, each case runs in an instance of its own, then all run in one.
// Exits with 1 if a case traps, or if there is none.
import fs from 'node:fs';

const module = new WebAssembly.Module(fs.readFileSync(process.argv[2]));

async function runProgram() {
  const { WASI } = await import('node:wasi');
  const wasi = new WASI({ version: 'preview1', args: ['cases'] });
  return wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
}

function text(exports, at, length) {
  return Buffer.from(new Uint8Array(exports.memory.buffer, at, length)).toString();
}

// Runs a case. Returns whether it passed.
function passes(exports, index) {
  try {
    exports.run(index);
    return true;
  } catch (error) {
    const message = text(exports, exports.message(), exports.message_len());
    console.log(`${text(exports, exports.name(index), exports.name_len(index))}: ${error.message}: ${message}`);
    return false;
  }
}

function runCases() {
  const imports = WebAssembly.Module.imports(module);
  if (imports.length > 0) {
    console.log('the module needs', imports);
    return 1;
  }
  const start = () => new WebAssembly.Instance(module).exports;
  const together = start();
  const count = together.count();
  let failed = 0;
  for (let index = 0; index < count; index++) {
    const alone = start();
    alone.count();
    failed += passes(alone, index) ? 0 : 1;
    failed += passes(together, index) ? 0 : 1;
  }
  const times = 5_000_000;
  together.hits(times);
  const begin = process.cpuUsage();
  together.hits(times);
  const nanoseconds = (process.cpuUsage(begin).user * 1000) / times;
  console.log(`${count} cases, each alone and after the others: ${failed} failed; a hit takes ${nanoseconds.toFixed(1)} ns`);
  return failed > 0 || count === 0 ? 1 : 0;
}

const isProgram = WebAssembly.Module.exports(module).some(({ name }) => name === '_start');
process.exitCode = isProgram ? await runProgram() : runCases();
