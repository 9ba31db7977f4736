"""`creditloom bench tables`: our learner beside other methods, on equal rows and folds."""
