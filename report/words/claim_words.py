"""Words of the claims about the simulated world (world/claims.yaml)."""

from __future__ import annotations

# table: English -> Chinese
CLAIMS = {
    "honest people with a full file who pay five times a day or more (90 days, full activity)": (
        "档案完整的诚实客户中日均支付五次及以上者（90 天，完整活跃度）"
    ),
    "payments between 23 and 5 h": "23 点至 5 点的支付",
    "gambling-like payments": "疑似赌博的支付",
    "people with a red-packet gap over 0.3 in six months": "六个月红包收支差超过 0.3 者",
    "bills paid by the due date": "按期缴纳的账单",
    "people with 200 contacts or more (a tenth of whom apply here)": (
        "联系人达 200 个及以上者（其中十分之一在此申请）"
    ),
    "correlation of discipline between contacts": "联系人之间自律程度的相关",
    "correlation of the unseen shock between contacts": "联系人之间不可见冲击的相关",
    "people with two devices or more in 180 days": "180 天内使用两台及以上设备者",
    "people with three devices or more in 180 days": "180 天内使用三台及以上设备者",
    "honest people with an emulator login": "有模拟器登录的诚实客户",
    "frauds with an emulator login": "有模拟器登录的欺诈客户",
    "people with more than four hard enquiries in 90 days": "90 天内硬查询超过四次者",
    "people known to the bureau without an instalment 30 days late within a year": (
        "一年内无逾期 30 天分期的征信客户"
    ),
    "mean use of card lines": "信用卡额度平均使用率",
    "mean bureau score": "平均征信评分",
    "people who repeat the face check at least once": "至少重做一次人脸核验者",
    "blue collar workers with a usable file": "档案可用的蓝领",
    "people struck by a life shock in a month": "一个月内遭遇生活冲击者",
    "invited people with a payment score of 600 or more": "支付分达 600 的受邀者",
    "invited people who open the app three times a day or more": "日均打开应用三次及以上的受邀者",
    "default within twelve months at neutral macro, through the door": (
        "中性宏观下十二个月内违约（全部申请人）"
    ),
    "frauds' defaults that are first-payment defaults": "欺诈违约中的首期违约",
    "relative risk of people with a red-packet gap over 0.3": "红包收支差超过 0.3 者的相对风险",
    "log-odds of default that three devices or more in 90 days add": (
        "90 天内三台及以上设备增加的违约对数几率"
    ),
    "pass rate of micro-merchants less that of white collar, both at 68 % in all": (
        "小微商户与白领通过率之差（总体均为 68 %）"
    ),
    "blue collar workers whose application is approved": "申请获批的蓝领",
    "pass rate with a year of housing fund over the pass rate with less": (
        "公积金满一年者与不足者的通过率之比"
    ),
    "applications approved": "获批申请",
    "bad rate of the approved": "获批客群坏账率",
    "month ends at which days past due rose by more days than had passed since the last one": (
        "逾期天数增幅超过间隔天数的月末"
    ),
    "month ends with more days past due than days since the first instalment fell due": (
        "逾期天数超过首期到期以来天数的月末"
    ),
    "days late, 1-29, at the first three month ends, as predictor of default by month 12": (
        "前三个月末逾期 1-29 天对第 12 个月违约的预测力"
    ),
    "current accounts that are 1-29 days past due a month later": "正常账户一个月后逾期 1-29 天",
    "accounts 1-29 days past due that are 30-59 a month later": (
        "逾期 1-29 天账户一个月后达 30-59 天"
    ),
    "accounts 30-59 days past due that are 60-89 a month later": (
        "逾期 30-59 天账户一个月后达 60-89 天"
    ),
    "accounts 60-89 days past due that are 90 or more a month later": (
        "逾期 60-89 天账户一个月后达 90 天及以上"
    ),
    "accounts 1-29 days past due that are current a month later": (
        "逾期 1-29 天账户一个月后恢复正常"
    ),
    "accounts 30-89 days past due that are current three months later": (
        "逾期 30-89 天账户三个月后恢复正常"
    ),
    "odds of 90 days past due within six months, cured from 30 or more against never there": (
        "曾逾期 30 天以上已恢复者与从未逾期者六个月内逾期 90 天的几率比"
    ),
    "booked loans at worst 30-89 days past due within twelve months": (
        "十二个月内最差逾期 30-89 天的已放款贷款"
    ),
    "defaults that come by restructuring and not by 90 days past due": (
        "因重组而非逾期 90 天形成的违约"
    ),
    "accounts that reach 60 days past due and are restructured within the twelve months": (
        "逾期达 60 天并在十二个月内重组的账户"
    ),
    "defaulted accounts shown as cured before three months in a row without arrears": (
        "未满连续三个月无欠款即显示恢复的违约账户"
    ),
    "defaults of twelve months that have come by month 6": "十二个月违约中前六个月发生者",
    "accounts in default by days past due whose arrears never passed 100 CNY and 1 %": (
        "欠款从未超过 100 元及 1 % 却按逾期天数违约的账户"
    ),
    "booked short loans 30 days past due within 45 days": "45 天内逾期 30 天的短期已放款贷款",
    "P(default on the 12-month loan), given a default on the short loan of the same month": (
        "同月短期贷款违约时十二个月贷款的违约概率"
    ),
    "largest relative difference of the four roll rates between label world and book": (
        "标签世界与账本四个滚动率的最大相对差"
    ),
    "applicants who had a loan here before": "曾在本机构借款的申请人",
    "odds of default, repeat customers who paid more than 90 % on time against new ones": (
        "按时还款超 90 % 的老客户与新客户的违约几率比"
    ),
    "repeat customers whose earlier loan and instalments stand in the house's tables": (
        "以往贷款与分期在册的老客户"
    ),
    "new customers with an earlier loan in the house's tables": "在册有以往贷款的新客户",
    "share invited of repeat customers with a good record over that of all others": (
        "记录良好老客户与其他人的受邀比例之比"
    ),
    "the incumbent's score as ranker of default, through the door": (
        "现行评分卡对违约的排序能力（全部申请人）"
    ),
    "what the same learner loses as ranker of default, taught by the decision and no label": (
        "同一学习器只学审批结果而无标签时损失的排序能力"
    ),
    "applications decided against the scorecard's cut by a person": (
        "人工作出与评分卡相反决定的申请"
    ),
    "declined applications outside the calibration months that are booked at random": (
        "校准月份以外随机放款的被拒申请"
    ),
    "largest value of the macro path": "宏观路径最大值",
    "monthly default hazard, given month on book, with the macro path by calendar month": (
        "给定账龄的月违约风险与日历月宏观路径"
    ),
    "minus the mean log inflow of a month with the macro path": "月均对数流入的负值与宏观路径",
    "mean true PD": "平均真实违约概率",
    "applicants whose income is declared only": "仅有申报收入的申请人",
    "applicants without any income on file": "无任何收入记录的申请人",
    "median of declared over true income, of those who declare only": (
        "仅申报者申报收入与真实收入之比的中位数"
    ),
    "mean correlation of two family states": "两类信息状态的平均相关",
    "bureau score with the state of its family": "征信评分与其信息类别状态",
    "applicants who share an address on the network with another one of their household": (
        "与同户另一申请人共用网络地址的申请人"
    ),
    "logins from an address that ten or more applicants use within 30 days": (
        "来自 30 天内十名及以上申请人所用地址的登录"
    ),
    "honest applicants with a device that another applicant used before": (
        "设备曾由他人使用的诚实申请人"
    ),
    "best single raw-derived bureau feature, chosen on other rows (S2)": (
        "最佳单一征信特征（在其他样本上选出，S2）"
    ),
    "best single raw-derived payment feature, chosen on other rows (S2)": (
        "最佳单一支付特征（在其他样本上选出，S2）"
    ),
    "best single raw-derived device feature, chosen on other rows (S2)": (
        "最佳单一设备特征（在其他样本上选出，S2）"
    ),
    "best single raw-derived social feature, chosen on other rows (S2)": (
        "最佳单一社交特征（在其他样本上选出，S2）"
    ),
    "applications on which the rarest of the twelve filters fires": (
        "十二个过滤器中最少触发者的申请"
    ),
    "share of frauds where a filter fires over the share of frauds, the least of twelve": (
        "过滤器触发客群与全体欺诈占比之比（十二个中最低）"
    ),
    "honest applications on which a filter fires, the least of twelve": (
        "触发过滤器的诚实申请（十二个中最少）"
    ),
    "share of frauds among those on whom FR10 fires": "触发 FR10 者中的欺诈占比",
    "applications refused for payment flow alone, the largest of six": (
        "仅因支付流水被拒的申请（六个中最大）"
    ),
    "largest difference of that share between activity_scale .25 and 1": (
        "activity_scale .25 与 1 之间该占比的最大差"
    ),
    "mean use of revolving lines at month 6 on book": "账龄 6 个月时循环额度平均使用率",
    "loans repaid in full before month 7": "第 7 个月前全部结清的贷款",
    "of the exposure at default, recovered within 24 months": "违约敞口在 24 个月内的回收比例",
    "month since default by which half of the recoveries are in": "回收过半的违约后月数",
    "applications of the arm, recorded at random": "随机记录的实验组申请",
    "mean true PD over that without": "平均真实违约概率与无漂移时之比",
    "people of the late vintages whose family has no row": "后期批次中该类信息无记录者",
    "shift of the mean of the one feature": "单一特征均值的偏移",
    "people of the late vintages in a segment that training never saw": (
        "后期批次中属训练未见客群者"
    ),
    "gap of pass rates among the truly good that goes when the planted column is dropped": (
        "去掉植入列后真正好客户通过率差距的缩小"
    ),
    "AUC lost when the planted column is dropped": "去掉植入列后损失的 AUC",
    "limits raised within three months, of accounts with cash and wealth products": (
        "持有现金与理财的账户三个月内提额比例"
    ),
    "limits raised, of accounts with two asset proofs": "有两项资产证明的账户提额比例",
    "mean yearly rate of offers": "报价平均年利率",
    "impersonations stopped at the gate": "入口拦截的冒名申请",
    "suspicious transactions blocked": "拦截的可疑交易",
    # on what it is measured
    "final decisions of weilidai@S5 by the model": "模型对 weilidai@S5 的最终决策",
    "final decisions of weilidai@S5 by the model, out of time": (
        "模型对 weilidai@S5 的最终决策（时间外）"
    ),
    "house product, out of time, true PD at neutral macro": (
        "自营产品，时间外，中性宏观真实违约概率"
    ),
    "mean over seeds; at each seed at least .03": "各种子平均；每个种子至少 .03",
    "scenario off": "情景 off",
    "400,000 applicants, scenario recession": "400,000 名申请人，情景 recession",
    "scenario recession": "情景 recession",
    "same people, scenario recession over off, worst twelve vintages": (
        "同一人群，情景 recession 与 off 之比，最差十二个批次"
    ),
    "fenfu@S3, weilidai@S5 and xiaoe@S3, activity_scale .25 and 1": (
        "fenfu@S3、weilidai@S5 与 xiaoe@S3，activity_scale .25 与 1"
    ),
    "the same products": "相同产品",
    "drawdown": "提款",
    "prepayment": "提前还款",
    "recoveries": "回收",
    "challenger": "实验组",
    "drift.mean_pd": "drift.mean_pd",
    "alternative": "替代模型",
    # units
    "points": "分值",
    "log-odds": "对数几率",
    "ratio": "比率",
    "odds ratio": "几率比",
    "relative difference": "相对差",
    "share of reachable": "占可达上限",
    "correlation": "相关",
    "months": "月",
    "accounts": "账户",
    # sources
    "choice": "自定",
    "choice: arithmetic": "自定：算术",
    "choice: early arrears are the strongest single sign on a book": (
        "自定：早期逾期是账本上最强的单一信号"
    ),
    "7.5: 1.2 % a month on a book of PD 1.08 %; the incumbent's book is riskier": (
        "7.5：违约概率 1.08 % 的账本每月 1.2 %；现行账本风险更高"
    ),
    "7.5: what does not roll is paid up; some stay one instalment behind": (
        "7.5：未滚动者已还清；部分仍欠一期"
    ),
    "choice: between the cure rates that 7.5 implies for M2 and M3": (
        "自定：介于 7.5 推得的 M2 与 M3 恢复率之间"
    ),
    "choice: a cured account stays far riskier than one that was never late": (
        "自定：恢复账户的风险仍远高于从未逾期者"
    ),
    "6: 1-2 % of loans": "6：贷款的 1-2 %",
    "choice: restructured before day 90; EBA/GL/2016/07 counts them as defaults": (
        "自定：90 天前重组；EBA/GL/2016/07 计为违约"
    ),
    "choice: retail lenders restructure one in ten of accounts 60 days past due or more": (
        "自定：零售机构对逾期 60 天以上账户重组约十分之一"
    ),
    "EBA/GL/2016/07: at least three months without arrears": "EBA/GL/2016/07：至少三个月无欠款",
    "choice after EBA/GL/2016/07: 100 CNY and 1 % of what is owed": (
        "参照 EBA/GL/2016/07 自定：100 元及欠款的 1 %"
    ),
    "0.12: the hazard of the one repayment": "0.12：单次还款的风险",
    "choice: one person, one purse; EBA/GL/2016/07 on contagion": (
        "自定：同一人同一钱包；EBA/GL/2016/07 关于传染"
    ),
    "choice: one mechanism": "自定：同一机制",
    "S1-R07; choice of the size": "S1-R07；幅度自定",
    "choice: a flag without a loan behind it is a coin": "自定：无贷款支撑的标记如同抛硬币",
    "choice: as above": "自定：同上",
    "S5-R01: the whitelist comes from what the house knows": "S5-R01：白名单来自本机构所知",
    "choice: application scorecards of this market are published at .62-.72": (
        "自定：本市场申请评分卡公开值为 .62-.72"
    ),
    "choice: a decision must not hold more than the labels do": (
        "自定：审批结果所含信息不得多于标签"
    ),
    "choice: lenders keep overrides below 5 %": "自定：机构将人工改判控制在 5 % 以下",
    "choice: hazard follows the month in which it acts, not that of the application": (
        "自定：风险取决于发生月份而非申请月份"
    ),
    "choice: payments and incomes feel the same economy": "自定：支付与收入受同一经济影响",
    "choice: consumer defaults rose by half to double in recent recessions": (
        "自定：近年衰退中消费违约上升五成至一倍"
    ),
    "choice: a third state an income that nobody checked": "自定：三分之一的收入未经核验",
    "choice: studies of stated incomes find 10-20 % more than was earned": (
        "自定：研究显示申报收入高出实际 10-20 %"
    ),
    "7.3, raised: families of features correlate through the person (choice)": (
        "7.3（上调）：各类特征经由个人相关（自定）"
    ),
    "0.4 amended for the bureau score alone: at most .85": "0.4（仅对征信评分修订）：至多 .85",
    "choice: couples, parents and flatmates apply at the same lender": (
        "自定：夫妻、父母与室友在同一机构申请"
    ),
    "choice: mobile carriers put many subscribers behind one address": (
        "自定：运营商使众多用户共用一个地址"
    ),
    "choice: used phones change hands": "自定：二手手机转手",
    "published bureau scores; science: .65-.75 in the field": "公开的征信评分；实务为 .65-.75",
    "choice: 20 of 100,000": "自定：100,000 中的 20",
    "choice: a filter that finds no more fraud than chance is noise": (
        "自定：不优于随机的过滤器只是噪声"
    ),
    "choice: every filter also hits honest people": "自定：任何过滤器也会触及诚实客户",
    "choice: families and flats share addresses and phones": "自定：家庭与合租者共用地址与手机",
    "choice: a flow condition keeps a minority out": "自定：流水条件只排除少数",
    "choice: thresholds in CNY and counts mean the same at any scale": (
        "自定：金额与次数门槛在任何规模下含义相同"
    ),
    "choice: half-used lines": "自定：额度使用过半",
    "LGD .75, section 3": "LGD .75，第 3 节",
    "choice: collections earn early": "自定：催收早期见效",
    "choice: mean PD x 1.2": "自定：平均违约概率 × 1.2",
    "choice: the search for less discriminatory alternatives needs one to find": (
        "自定：寻找歧视更小的替代模型须有可寻之物"
    ),
    # withdrawn because
    (
        "A price is the policy's and not the data's. A book with a PD near 1 % needs 6-8 % a "
        "year; the report shows the mean rate of each product."
    ): ("价格由策略而非数据决定。违约概率约 1 % 的账本每年需 6-8 %；报告列出各产品的平均利率。"),
    "A rate of the gate in front of this world. Who does not pass it does not apply.": (
        "属于本世界之前入口的比率；未通过者不会申请。"
    ),
    "Monitoring of transactions after booking lies outside this world.": (
        "放款后的交易监控不在本世界范围内。"
    ),
}
