"""Where tables come from and lie: the store, the contract, sources of data, the synthetic world; below it, git-ignored, the outs of DVC."""
