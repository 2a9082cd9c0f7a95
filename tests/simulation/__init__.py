"""The whole way of the data from one seed: real code, real files, virtual time, injected faults, a plain model."""
