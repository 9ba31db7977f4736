"""`creditloom retrain`: one month forward, judged beside the champion, proposed or not."""
