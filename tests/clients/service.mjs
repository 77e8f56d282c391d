// The running service as the clients' scripts find it: where it is, and who asks.

export const url = required("CADRE_URL", "the address of its /graphql");
export const token = required("CADRE_TOKEN", "a token of somebody who may read and write files");

export const authorized = { Authorization: `Bearer ${token}` };

// How many candidates the caller of these scripts has planted, "Candidate 00" the first of them.
export const CANDIDATES = 25;

function required(name, what) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set: name the service to talk to, ${what}.`);
    process.exit(2);
  }
  return value;
}
