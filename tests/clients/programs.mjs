// The clients' command lines, run by the Node that runs the script.

import { execFile } from "node:child_process";

export const here = import.meta.dirname;

// The program's output; fails with its own words when it does. `cwd` is where it looks for things.
export function run(program, given, cwd = here) {
  const command = [`${here}/node_modules/${program}`, ...given];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, command, { cwd }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} failed: ${stdout}${stderr || error.message}`));
      else resolve(stdout);
    });
  });
}
